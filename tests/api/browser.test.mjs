// Pages in browsers: which origins may ask, and the headers that a browser needs to allow it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, directory, post, request, run, serve } from './harness.mjs';
import { bearer, makeKey } from './keyring.mjs';

const PAGE = 'https://app.example';
const allow = (...origins) => origins.flatMap(origin => ['--allow-origin', origin]);
const ask = (server, headers, method = 'GET', target = '/v1/assistants') =>
    request(server, method, target, { headers });
const preflight = (server, origin, headers = 'authorization,content-type') => ask(server, { origin,
    'access-control-request-method': 'POST', 'access-control-request-headers': headers },
'OPTIONS', '/v1/threads');

function assertNoPermission(reply) {
    for (const name of Object.keys(reply.headers))
        assert.ok(!name.startsWith('access-control-'), name);
}

test('a server without keys', async t => {
    const server = await serve(t);
    const own = new URL(server.url).host;
    await t.test('answers its own pages', async () => {
        assert.equal((await ask(server, { origin: `http://${own}` })).status, 200);
    });
    for (const origin of [PAGE, 'null', '', 'http://localhost:3000', `http://${own}.evil.example`,
        `https://evil.example/${own}`, own])
        await t.test(`refuses pages of '${origin}'`, async () => {
            const reply = await ask(server, { origin });
            assertError(reply, 403, { code: 'forbidden_origin' });
            assertNoPermission(reply);
            assertNoPermission(await preflight(server, origin));
        });
    for (const host of ['evil.example', 'evil.example:8383', '127.0.0.1.evil.example', '10.0.0.1'])
        await t.test(`refuses to be called ${host}`, async () => {
            assertError(await ask(server, { host }), 403, { code: 'forbidden_origin' });
        });
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '[::1]:80'])
        await t.test(`may be called ${host}`, async () => {
            assert.equal((await ask(server, { host })).status, 200);
        });
});

test('pages that are allowed', async t => {
    const server = await serve(t, { arguments: allow(PAGE, 'http://localhost:3000') });
    await t.test('read replies', async () => {
        for (const origin of [PAGE, 'http://localhost:3000']) {
            const reply = await ask(server, { origin });
            assert.equal(reply.status, 200);
            assert.equal(reply.headers['access-control-allow-origin'], origin);
            assert.match(reply.headers['access-control-expose-headers'], /\bx-request-id\b/);
            assert.equal(reply.headers.vary, 'Origin');
        }
    });
    await t.test('read errors, from wherever they come', async () => {
        const cases = [
            await ask(server, { origin: PAGE }, 'GET', '/v1/threads/x'),
            await ask(server, { origin: PAGE }, 'GET', '/v1/nothing'),
            await ask(server, { origin: PAGE }, 'DELETE', '/v1/assistants'),
            await post(server, '/v1/threads', '{', { origin: PAGE }),
            await post(server, '/v1/threads', '{}', { origin: PAGE, 'content-type': 'text/plain' }),
            await post(server, '/v1/threads', 'x'.repeat((16 << 20) + 1), { origin: PAGE }),
        ];
        assert.deepEqual(cases.map(reply => reply.status), [404, 404, 405, 400, 415, 413]);
        for (const reply of cases) {
            assertError(reply, reply.status);
            assert.equal(reply.headers['access-control-allow-origin'], PAGE);
        }
    });
    await t.test('may ask what they may send', async () => {
        const reply = await preflight(server, PAGE,
            'authorization, content-type,openai-beta,x-stainless-os,x-stainless-Runtime-Version,x-y');
        assert.equal(reply.status, 204);
        assert.equal(reply.text, '');
        assert.equal(reply.headers['access-control-allow-origin'], PAGE);
        assert.match(reply.headers['access-control-allow-methods'], /GET, POST, DELETE/);
        const names = reply.headers['access-control-allow-headers'].toLowerCase().split(', ');
        for (const name of ['authorization', 'content-type', 'openai-beta', 'x-stainless-os',
            'x-stainless-runtime-version'])
            assert.ok(names.includes(name), name);
        assert.ok(!names.includes('x-y'));
        assert.match(reply.headers['access-control-max-age'], /^\d+$/);
    });
    await t.test('are the only ones', async () => {
        for (const origin of ['https://app.example.evil', 'http://app.example', `${PAGE}:444`]) {
            assertError(await ask(server, { origin }), 403);
            assertNoPermission(await preflight(server, origin));
        }
    });
    await t.test('do not open the door to other names of the server', async () => {
        assertError(await ask(server, { origin: PAGE, host: 'evil.example' }), 403);
    });
    await t.test('OPTIONS that is no such question', async () => {
        const reply = await ask(server, { origin: PAGE }, 'OPTIONS', '/v1/threads');
        assertError(reply, 405);
        assert.match(reply.headers.allow, /POST/);
    });
});

test('what is no origin', async t => {
    const store = path.join(directory(t), 'store');
    for (const origin of [`${PAGE}/`, `${PAGE}/a`, 'app.example', '://x', 'https://', 'https://a b'])
        await t.test(origin, async () => {
            const refused = await run(
                ['serve', '--listen', '127.0.0.1:0', '--store', store, ...allow(origin)]);
            assert.equal(refused.code, 1);
            assert.match(refused.stderr, /is no origin/);
        });
});

test('all pages', async t => {
    const server = await serve(t, { arguments: allow('*') });
    const reply = await ask(server, { origin: PAGE });
    assert.equal(reply.headers['access-control-allow-origin'], '*');
    assert.equal((await preflight(server, 'null')).status, 204);
    assertError(await ask(server, { host: 'evil.example' }), 403);
});

test('a server with keys', async t => {
    const store = path.join(directory(t), 'store');
    const { key } = await makeKey(store, 'web');
    const server = await serve(t, { store, arguments: ['--require-keys', ...allow(PAGE)] });
    await t.test('goes by any name', async () => {
        assert.equal((await ask(server, { host: 'api.example', ...bearer(key) })).status, 200);
    });
    await t.test('answers pages that have one', async () => {
        const reply = await ask(server, { origin: PAGE, ...bearer(key) });
        assert.equal(reply.headers['access-control-allow-origin'], PAGE);
        const other = await ask(server, { origin: 'https://other.example', ...bearer(key) });
        assert.equal(other.status, 200);
        assertNoPermission(other);
    });
    await t.test('says what may be sent, also to pages without a key', async () => {
        assert.equal((await preflight(server, PAGE)).status, 204);
        const other = await preflight(server, 'https://other.example');
        assertNoPermission(other);
        assertError(other, 405);
        const refused = await ask(server, { origin: PAGE });
        assertError(refused, 401);
        assert.equal(refused.headers['access-control-allow-origin'], PAGE);
    });
});
