// Keys, projects and quotas: who may come in, what is seen of whose, and how often one may ask.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, directory, launch, OpenAI, post, request, run, serve, sleep }
    from './harness.mjs';
import { bearer, makeKey, withKey } from './keyring.mjs';

/** A request through the owner's socket in the store. */
function ownerRequest(store, method, target, body) {
    return new Promise((resolve, reject) => {
        const sent = http.request({ socketPath: path.join(store, 'socket'), method, path: target,
            agent: false, headers: body ? { 'content-type': 'application/json' } : {} }, reply => {
            let text = '';
            reply.setEncoding('utf8').on('data', part => { text += part; });
            reply.on('end', () => resolve(
                { status: reply.statusCode, headers: reply.headers, text, json: JSON.parse(text) }));
        });
        sent.on('error', reject);
        sent.end(body && JSON.stringify(body));
    });
}

test('a listener off loopback needs keys, and says how to make one', async t => {
    const store = path.join(directory(t), 'store');
    const off = ['serve', '--listen', '0.0.0.0:0', '--store', store];
    for (const parameters of [off, [...off, '--require-keys']]) {
        const refused = await run(parameters);
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /--require-keys and a key.*treadle key create --project/);
    }
    const { id } = await makeKey(store, 'web');
    const server = await launch({ store, listen: ['0.0.0.0:0'], arguments: ['--require-keys'] });
    await server.stop();
    assert.equal((await run(['key', 'revoke', id, '--store', store])).code, 0);
    assert.equal((await run([...off, '--require-keys'])).code, 1);
});

test('the command', async t => {
    const store = path.join(directory(t), 'store');
    const before = Math.floor(Date.now() / 1000);
    const { key, id } = await makeKey(store, 'web', '--name', 'for the shop', '--expires', '90d');
    await t.test('keeps no key in the store', () => {
        const secret = key.split('-')[3];
        for (const name of fs.readdirSync(store)) {
            const file = path.join(store, name);
            if (fs.statSync(file).isFile())
                assert.ok(!fs.readFileSync(file).includes(secret), name);
        }
    });
    await t.test('lists it', async () => {
        const listed = JSON.parse((await run(['key', 'list', '--json', '--store', store])).stdout);
        assert.equal(listed.object, 'list');
        const [{ created_at: made, expires_at: expires, ...rest }] = listed.data;
        assert.deepEqual(rest, { id, object: 'treadle.key', project: 'web', name: 'for the shop',
            admin: false, revoked_at: null, last_used_at: null });
        // The command reads the clock before the server does, maybe seconds before.
        const days = (expires - before) / 86400;
        assert.ok(expires <= made + 90 * 86400 && days >= 90, `${days} days`);
        const table = (await run(['key', 'list', '--store', store])).stdout;
        assert.match(table, new RegExp(`${id} +web +active .* for the shop`));
        assert.ok(!table.includes(key));
    });
    await t.test('revokes it', async () => {
        assert.equal((await run(['key', 'revoke', id, '--store', store])).code, 0);
        assert.match((await run(['key', 'list', '--store', store])).stdout, / revoked /);
        const unknown = await run(['key', 'revoke', 'key_x', '--store', store]);
        assert.equal(unknown.code, 1);
        assert.match(unknown.stderr, /No key found with id 'key_x'/);
    });
    for (const parameters of [[], ['burn'], ['create'], ['create', '--project', 'p', 'x'],
        ['create', '--project', 'p', '--expires', 'soon'], ['revoke'], ['list', 'x']])
        await t.test(`refuses: key ${parameters.join(' ')}`, async () => {
            const { code, stderr } = await run(['key', ...parameters],
                { env: { TREADLE_STORE: store } });
            assert.equal(code, 2, stderr);
        });
    await t.test('refuses the name of a project that is none', async () => {
        for (const name of ['a b', 'a/b', 'é', 'p'.repeat(65)]) {
            const made = await run(['key', 'create', '--project', name, '--store', store]);
            assert.equal(made.code, 1);
            assert.match(made.stderr, /project/);
        }
    });
});

test('a server that requires keys', async t => {
    const store = path.join(directory(t), 'store');
    const server = await serve(t, { store, arguments: ['--require-keys'] });
    const { key, id } = await makeKey(store, 'web');
    const list = headers => request(server, 'GET', '/v1/assistants', { headers });

    await t.test('answers who has one', async () => {
        const reply = await list(bearer(key));
        assert.equal(reply.status, 200, reply.text);
        assert.equal(reply.headers['openai-project'], 'web');
        assert.equal(reply.headers['openai-version'], '2020-10-01');
        assert.match(reply.headers['openai-processing-ms'], /^\d+$/);
        assert.match(reply.headers['x-request-id'], /^req_/);
    });
    const flipped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    const cases = { nothing: {}, 'an empty one': { authorization: '' },
        'another scheme': { authorization: `Basic ${key}` }, 'no scheme': { authorization: key },
        'a short one': bearer('sk-x'), 'a wrong secret': bearer(flipped),
        'more than it': bearer(`${key}0`), 'a huge one': bearer('k'.repeat(8000)) };
    for (const [name, headers] of Object.entries(cases))
        await t.test(`refuses ${name}`, async () => {
            const reply = await list(headers);
            assertError(reply, 401, { type: 'invalid_request_error', code: 'invalid_api_key',
                param: null });
            assert.equal(reply.headers['www-authenticate'], 'Bearer');
            assert.ok(!reply.text.includes('sk-') && !reply.text.includes('kkk'), reply.text);
        });
    await t.test('refuses before a body is sent', async () => {
        const reply = await new Promise((resolve, reject) => {
            const sent = http.request({ port: new URL(server.url).port, hostname: '127.0.0.1',
                method: 'POST', path: '/v1/files', agent: false,
                headers: { expect: '100-continue', 'content-length': 400 << 20,
                    'content-type': 'multipart/form-data; boundary=b' } }, resolve);
            sent.on('continue', () => reject(new Error('it wants the body')));
            sent.on('error', reject);
            sent.flushHeaders();
        });
        assert.equal(reply.statusCode, 401);
        reply.destroy();
    });
    await t.test('the SDK reports it as what it is', async () => {
        await assert.rejects(withKey(server, 'sk-wrong').beta.assistants.list(),
            OpenAI.AuthenticationError);
        await withKey(server, key, { project: 'web', organization: 'org-any' })
            .beta.assistants.list();
    });
    await t.test('another project than the key\'s', async () => {
        assertError(await list({ ...bearer(key), 'openai-project': 'shop' }), 401,
            { code: 'mismatched_project' });
        assertError(await list({ ...bearer(key), 'openai-project': 'no name' }), 400,
            { code: 'invalid_project' });
        await assert.rejects(withKey(server, key, { project: 'shop' }).beta.assistants.list(),
            { status: 401, code: 'mismatched_project' });
    });
    await t.test('the owner needs none on the machine', async () => {
        const reply = await ownerRequest(store, 'GET', '/v1/assistants');
        assert.equal(reply.status, 200, reply.text);
        assert.equal(reply.headers['openai-project'], 'default');
        assert.equal(fs.statSync(path.join(store, 'socket')).mode & 0o777, 0o600);
        const runs = await run(['runs', '--json', '--project', 'web', '--store', store]);
        assert.equal(runs.code, 0, runs.stderr);
    });
    await t.test('a Unix socket of the user\'s choice is no owner\'s', async s => {
        const home = directory(s);
        const other = await launch({ store: path.join(home, 'store'),
            listen: ['127.0.0.1:0', `unix:${home}/sock`], arguments: ['--require-keys'] });
        fs.mkdirSync(path.join(home, 'fake'));
        fs.symlinkSync(path.join(home, 'sock'), path.join(home, 'fake', 'socket'));
        assert.equal((await ownerRequest(path.join(home, 'fake'), 'GET', '/v1/assistants')).status,
            401);
        await other.stop();
        assert.ok(!fs.existsSync(path.join(home, 'store', 'socket')));
    });
    await t.test('the time of use is reported', async () => {
        const { json } = await ownerRequest(store, 'GET', '/v1/treadle/keys');
        const used = json.data.find(found => found.id === id).last_used_at;
        assert.ok(Math.abs(used - Date.now() / 1000) < 120, `${used}`);
    });
    await t.test('keys are managed by no ordinary key', async () => {
        assertError(await request(server, 'GET', '/v1/treadle/keys', { headers: bearer(key) }), 403);
        assertError(await post(server, '/v1/treadle/keys', { project: 'x' }, bearer(key)), 403);
        assertError(await request(server, 'POST', `/v1/treadle/keys/${id}/revoke`,
            { headers: bearer(key) }), 403);
        assertError(await request(server, 'GET', '/v1/treadle/keys'), 401);
    });
    await t.test('an admin key manages them from anywhere', async () => {
        const admin = await makeKey(store, 'ops', '--admin');
        const env = { TREADLE_API_KEY: admin.key, TREADLE_SERVER: server.url };
        const made = await run(['key', 'create', '--project', 'far'], { env });
        assert.equal(made.code, 0, made.stderr);
        assert.equal((await list(bearer(made.stdout.trim()))).headers['openai-project'], 'far');
        const gone = await run(['key', 'revoke', `key_${made.stdout.split('-')[2]}`], { env });
        assert.equal(gone.code, 0, gone.stderr);
        assertError(await list(bearer(made.stdout.trim())), 401);
        const body = { project: 'p', expires_at: 1 };
        assertError(await post(server, '/v1/treadle/keys', body, bearer(admin.key)), 400,
            { param: 'expires_at' });
        assertError(await post(server, '/v1/treadle/keys', {}, bearer(admin.key)), 400,
            { param: 'project' });
    });
    await t.test('an expired key', async () => {
        const short = await makeKey(store, 'web', '--expires', '2s');
        assert.equal((await list(bearer(short.key))).status, 200);
        await sleep(2500);
        assertError(await list(bearer(short.key)), 401, { message: /expired/ });
    });
    await t.test('probes need none', async () => {
        for (const target of ['/health', '/ready'])
            assert.equal((await request(server, 'GET', target)).status, 200, target);
    });
    await t.test('a revoked key is refused at once', async () => {
        assert.equal((await run(['key', 'revoke', id, '--store', store])).code, 0);
        assertError(await list(bearer(key)), 401, { message: /revoked/ });
    });
    await t.test('nothing of a key is in the log but its id', async () => {
        assert.match(server.log, new RegExp(`key=${id}`));
        assert.doesNotMatch(server.log, /sk-treadle/);
        assert.ok(!server.log.includes(key.split('-')[3]));
    });
});

test('keys outlive the server', async t => {
    const store = path.join(directory(t), 'store');
    const right = await makeKey(store, 'web');
    const wrong = await makeKey(store, 'web');
    await run(['key', 'revoke', wrong.id, '--store', store]);
    const server = await serve(t, { store, arguments: ['--require-keys'] });
    const list = key => request(server, 'GET', '/v1/assistants', { headers: bearer(key) });
    assert.equal((await list(right.key)).status, 200);
    assertError(await list(wrong.key), 401);
});

test('without keys', async t => {
    const server = await serve(t);
    await t.test('any bearer will do', async () => {
        const thread = await withKey(server, 'anything').beta.threads.create();
        await withKey(server, 'else').beta.threads.retrieve(thread.id);
        const reply = await request(server, 'GET', `/v1/threads/${thread.id}`);
        assert.equal(reply.headers['openai-project'], 'default');
    });
    await t.test('the header chooses the project', async () => {
        const thread = await withKey(server, 'x', { project: 'proj_a' }).beta.threads.create();
        await withKey(server, 'x', { project: 'proj_a' }).beta.threads.retrieve(thread.id);
        await assert.rejects(server.client.beta.threads.retrieve(thread.id), { status: 404 });
    });
    await t.test('keys are the owner\'s', async () => {
        assertError(await request(server, 'GET', '/v1/treadle/keys'), 403);
    });
});

test('quotas', async t => {
    const store = path.join(directory(t), 'store');
    const unkeyed = await run(
        ['serve', '--listen', '127.0.0.1:0', '--store', store, '--requests-per-minute', '30']);
    assert.equal(unkeyed.code, 1);
    assert.match(unkeyed.stderr, /needs --require-keys/);
    const [a, b] = [await makeKey(store, 'a'), await makeKey(store, 'a')];
    const server = await serve(t,
        { store, arguments: ['--require-keys', '--requests-per-minute', '30'] });
    const ask = key => request(server, 'GET', '/v1/threads/x', { headers: bearer(key) });
    const replies = await Promise.all(Array.from({ length: 40 }, () => ask(a.key)));
    const refused = replies.filter(reply => reply.status === 429);
    assert.ok(refused.length >= 9 && refused.length <= 10, `${refused.length}`);
    for (const reply of refused) {
        assertError(reply, 429, { code: 'rate_limit_exceeded', type: 'requests' });
        assert.match(reply.headers['retry-after'], /^[12]$/);
        assert.equal(reply.headers['x-ratelimit-limit-requests'], '30');
        assert.equal(reply.headers['x-ratelimit-remaining-requests'], '0');
        assert.match(reply.headers['x-ratelimit-reset-requests'], /^(\d+m\d+s|[\d.]+s|\d+ms)$/);
    }
    // Elsewhere the service sent nothing of it.
    const passed = replies.find(reply => reply.status === 404);
    assert.equal(passed.headers['x-ratelimit-limit-requests'], undefined);
    assert.equal((await ask(b.key)).status, 404);
    assert.equal((await ownerRequest(store, 'GET', '/v1/threads/x')).status, 404);
    assert.equal((await request(server, 'GET', '/health')).status, 200);
    // The SDK waits as long as the server asks, and succeeds.
    await withKey(server, a.key, { maxRetries: 3 }).beta.threads.create();
});
