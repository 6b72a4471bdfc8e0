// What tests with keys share: making them, and using them.
import assert from 'node:assert/strict';
import { OpenAI, run } from './harness.mjs';

/** The header that a key goes in. */
export const bearer = key => ({ authorization: `Bearer ${key}` });

/** Makes a key with the command, beside the store or through the server that serves it. */
export async function makeKey(store, project, ...more) {
    const made = await run(['key', 'create', '--project', project, '--store', store, ...more]);
    assert.equal(made.code, 0, made.stderr);
    const key = made.stdout.trim();
    assert.match(key, /^sk-treadle-[0-9a-f]{16}-[0-9a-f]{64}$/);
    return { key, id: `key_${key.split('-')[2]}` };
}

/** The SDK with that key. */
export const withKey = (server, key, more = {}) =>
    new OpenAI({ apiKey: key, baseURL: `${server.url}/v1`, maxRetries: 0, ...more });
