// Crowds: connections that fill a server, and bodies that fill its memory.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, directory, request, serve, until } from './harness.mjs';
import { bearer, makeKey } from './keyring.mjs';

const port = server => Number(new URL(server.url).port);
const BEGUN = 'GET /v1/models HTTP/1.1\r\nHost: localhost\r\n';

/** A connection from an address of this machine, which begins with these bytes and waits. */
const connect = (server, localAddress, bytes = '') => new Promise(resolve => {
    const socket = net.connect({ port: port(server), host: '127.0.0.1', localAddress }, () => {
        if (bytes) socket.write(bytes);
        resolve(socket);
    });
    socket.on('error', () => resolve(socket));
});

/** The status of a request, or the code of what went wrong. */
const ask = options => new Promise(resolve => http.get(
    { path: '/v1/models', agent: false, ...options }, reply => {
        reply.resume();
        reply.on('end', () => resolve(reply.statusCode));
    }).on('error', error => resolve(error.code)));

test('idle connections of many addresses shut nobody out', async t => {
    const store = path.join(directory(t), 'store');
    const { key } = await makeKey(store, 'p');
    const server = await serve(t, { store, arguments:
        ['--require-keys', '--max-connections', '100', '--connections-per-address', '60'] });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const tcp = { port: port(server), host: '127.0.0.1', headers: bearer(key) };
    const crowd = [];
    t.after(() => [...crowd, agent].forEach(one => one.destroy()));
    assert.equal(await ask({ ...tcp, agent }), 200);
    const [friend] = Object.values(agent.freeSockets).flat();
    for (let i = 0; i < 300; i++) crowd.push(await connect(server, `127.0.0.${2 + i % 3}`));
    await until('some were sent away',
        async () => crowd.filter(one => one.closed || one.readableEnded).length >= 200);
    assert.equal(await ask({ ...tcp, agent }), 200);
    assert.equal(Object.values(agent.freeSockets).flat()[0], friend, 'who has a key stays');
    assert.equal(await ask({ ...tcp, localAddress: '127.0.0.9' }), 200);
    assert.equal(await ask({ socketPath: path.join(store, 'socket') }), 200);
});

test('requests that never end leave room for the owner and for other addresses', async t => {
    const store = path.join(directory(t), 'store');
    const server = await serve(t, { store, arguments:
        ['--max-connections', '40', '--connections-per-address', '20'] });
    const from = localAddress => ask({ port: port(server), host: '127.0.0.1', localAddress });
    const crowd = [];
    t.after(() => crowd.forEach(one => one.destroy()));
    // What has not been read yet counts as idle and makes room for new ones, so one continues until
    // there is none.
    const fill = (address, asking, what) => until(what, async () => {
        for (let i = 0; i < 30; i++) crowd.push(await connect(server, address, BEGUN));
        return await from(asking) === 503;
    });
    await fill('127.0.0.2', '127.0.0.2', 'the address is full');
    assert.equal(await from('127.0.0.1'), 200);
    await fill('127.0.0.3', '127.0.0.1', 'all is full');
    assert.equal(await ask({ socketPath: path.join(store, 'socket') }), 200);
});

// As many events at once as the library takes had it wait for more before it worked on them.
test('requests that come all at once are all answered', async t => {
    const server = await serve(t);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
    t.after(() => agent.destroy());
    for (let round = 0; round < 10; round++) {
        const replies = Promise.all(Array.from({ length: 768 }, () => ask({ agent,
            port: port(server), host: '127.0.0.1', path: '/v1/threads/thread_none' })));
        let patience;
        const late = new Promise((_, reject) => {
            patience = setTimeout(() => reject(new Error('a request has no reply')), 20000);
        });
        assert.ok((await Promise.race([replies, late])).every(status => status === 404));
        clearTimeout(patience);
        await new Promise(done => setTimeout(done, 100));
    }
});

test('a body of very many values is refused before it takes memory', async t => {
    const server = await serve(t);
    const peak = () => Number(/VmHWM:\s+(\d+)/.exec(
        fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024;
    const size = 15 << 20;
    const body = `{"messages":[${'{},'.repeat(size / 3 - 8)}{}]}`;
    const before = peak();
    assertError(await request(server, 'POST', '/v1/threads', { body,
        headers: { 'content-type': 'application/json' } }), 413,
    { code: 'request_too_large', message: /8 times/ });
    assert.ok(peak() - before < 8 * size, `${(peak() - before) / size} times the body`);
});
