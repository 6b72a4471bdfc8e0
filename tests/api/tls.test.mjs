// TLS: a certificate of the test's own, the clients that trust it, and those that must not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { assertError, directory, launch, request, run } from './harness.mjs';
import { bearer, makeKey } from './keyring.mjs';

let home, certificate, key, otherKey, ca;

before(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    [certificate, key, otherKey] = ['c.pem', 'k.pem', 'o.pem'].map(name => path.join(home, name));
    const curve = ['-pkeyopt', 'ec_paramgen_curve:P-256'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', ...curve, '-nodes', '-days', '2',
        '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
        '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    execFileSync('openssl', ['genpkey', '-algorithm', 'EC', ...curve, '-out', otherKey],
        { stdio: 'pipe' });
    ca = fs.readFileSync(certificate);
});
after(() => fs.rmSync(home, { recursive: true, force: true }));

/** One request over TLS. */
function ask(server, method, target, { headers = {}, body, more = {} } = {}) {
    return new Promise((resolve, reject) => {
        const sent = https.request(`${server.url}${target}`,
            { method, headers, ca, agent: false, ...more }, reply => {
                const parts = [];
                reply.on('data', part => parts.push(part));
                reply.on('error', reject);
                reply.on('end', () => {
                    const text = Buffer.concat(parts).toString();
                    resolve({ status: reply.statusCode, headers: reply.headers, text,
                        json: text ? JSON.parse(text) : undefined });
                });
            });
        sent.on('error', reject);
        sent.end(body);
    });
}

test('files that cannot be used', async t => {
    const store = path.join(directory(t), 'store');
    const nothing = path.join(home, 'nothing'), garbage = path.join(home, 'garbage');
    fs.writeFileSync(garbage, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const cases = [
        [['--tls-cert', certificate], /need each other/],
        [['--tls-key', key], /need each other/],
        [['--tls-cert', nothing, '--tls-key', key], /cannot read the certificate .*nothing/],
        [['--tls-cert', certificate, '--tls-key', nothing], /cannot read the key .*nothing/],
        [['--tls-cert', home, '--tls-key', key], /cannot read the certificate/],
        [['--tls-cert', '/etc/passwd', '--tls-key', key], /passwd is no PEM file/],
        [['--tls-cert', garbage, '--tls-key', key], /certificate cannot be used/],
        [['--tls-cert', certificate, '--tls-key', certificate], /key cannot be used/],
        [['--tls-cert', certificate, '--tls-key', otherKey], /do not belong together/],
    ];
    for (const [parameters, message] of cases)
        await t.test(`${message}`, async () => {
            const refused = await run(
                ['serve', '--listen', '127.0.0.1:0', '--store', store, ...parameters]);
            assert.equal(refused.code, 1);
            assert.match(refused.stderr, message);
            assert.doesNotMatch(refused.stderr, /PRIVATE/);
        });
});

test('ciphers that are not offered', async t => {
    const [chain, secret] = ['rsa.pem', 'rsa-key.pem'].map(name => path.join(home, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
        '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
        '-keyout', secret, '-out', chain], { stdio: 'pipe' });
    const server = await launch({ store: path.join(directory(t), 'store'),
        arguments: ['--tls-cert', chain, '--tls-key', secret] });
    t.after(() => server.stop());
    const greet = ciphers => new Promise(resolve => {
        const socket = tls.connect({ port: Number(new URL(server.url).port), host: '127.0.0.1',
            servername: 'localhost', ca: fs.readFileSync(chain), ciphers, maxVersion: 'TLSv1.2' },
        () => {
            resolve(socket.getCipher().name);
            socket.destroy();
        });
        socket.on('error', error => resolve(error.code));
    });
    for (const cipher of ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384',
        'ECDHE-RSA-CHACHA20-POLY1305'])
        assert.equal(await greet(cipher), cipher);
    for (const cipher of ['AES128-GCM-SHA256', 'AES256-SHA', 'AES128-SHA256', 'ECDHE-RSA-AES128-SHA',
        'ECDHE-RSA-AES256-SHA', 'ECDHE-RSA-AES256-SHA384', 'DHE-RSA-AES128-SHA'])
        assert.match(await greet(cipher), /^(ERR_SSL|ECONNRESET)/, cipher);
});

test('a server over TLS', async t => {
    const store = path.join(home, 'store');
    const web = await makeKey(store, 'web');
    const server = await launch({ store, listen: ['127.0.0.1:0', `unix:${home}/plain`],
        arguments: ['--require-keys', '--tls-cert', certificate, '--tls-key', key] });
    t.after(() => server.stopped || server.stop());
    const headers = bearer(web.key);

    await t.test('says so', () => {
        assert.match(server.url, /^https:/);
        assert.match(server.output, /listening on unix:/);
    });
    await t.test('answers', async () => {
        const made = await ask(server, 'POST', '/v1/threads', { headers });
        assert.equal(made.status, 200, made.text);
        const read = await ask(server, 'GET', `/v1/threads/${made.json.id}`, { headers });
        assert.deepEqual(read.json, made.json);
        assertError(await ask(server, 'GET', '/v1/assistants'), 401);
    });
    await t.test('one connection serves many requests', async () => {
        const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        const ports = new Set();
        for (let i = 0; i < 5; i++) {
            const reply = await ask(server, 'GET', '/v1/assistants',
                { headers, more: { agent } });
            assert.equal(reply.status, 200);
            for (const sockets of Object.values(agent.freeSockets))
                sockets.forEach(socket => ports.add(socket.localPort));
        }
        assert.equal(ports.size, 1);
        agent.destroy();
    });
    await t.test('large bodies go both ways', async () => {
        const content = Buffer.alloc(5 << 20, 'treadle ');
        const form = Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; '
            + 'name="purpose"\r\n\r\nassistants\r\n--b\r\nContent-Disposition: form-data; '
            + 'name="file"; filename="f"\r\n\r\n'), content, Buffer.from('\r\n--b--\r\n')]);
        const made = await ask(server, 'POST', '/v1/files', { body: form,
            headers: { ...headers, 'content-type': 'multipart/form-data; boundary=b' } });
        assert.equal(made.json.bytes, content.length, made.text);
        const read = await new Promise((resolve, reject) => https.get(
            `${server.url}/v1/files/${made.json.id}/content`, { ca, headers, agent: false },
            reply => {
                const parts = [];
                reply.on('data', part => parts.push(part));
                reply.on('end', () => resolve(Buffer.concat(parts)));
            }).on('error', reject));
        assert.ok(read.equals(content));
    });
    await t.test('an error within a body can be read', async () => {
        const reply = await ask(server, 'POST', '/v1/threads', { body: 'x'.repeat(17 << 20),
            headers: { ...headers, 'content-type': 'application/json',
                'transfer-encoding': 'chunked' } }).catch(error => error);
        // A client that is still sending may learn no more than that the connection ended.
        if (reply.code) assert.match(reply.code, /EPIPE|ECONNRESET/);
        else assertError(reply, 413);
    });
    await t.test('what is no HTTP is refused in words', async () => {
        const text = await new Promise((resolve, reject) => {
            const socket = tls.connect({ host: '127.0.0.1', port: new URL(server.url).port, ca }, () =>
                socket.write('GET /v1/assistants HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n'));
            let got = '';
            socket.on('data', part => got += part);
            socket.on('close', () => resolve(got));
            socket.on('error', reject);
        });
        const [head, body] = text.split('\r\n\r\n');
        assert.match(head, /^HTTP\/1\.1 400 /);
        assert.equal(JSON.parse(body).error.type, 'invalid_request_error');
    });
    await t.test('many at once', async () => {
        const replies = await Promise.all(Array.from({ length: 50 }, () =>
            ask(server, 'GET', '/v1/assistants', { headers })));
        assert.ok(replies.every(reply => reply.status === 200));
    });
    const connect = options => new Promise(resolve => {
        const { port } = new URL(server.url);
        const socket = tls.connect({ host: '127.0.0.1', port, ca, ...options }, () => {
            resolve(socket.getProtocol());
            socket.destroy();
        });
        socket.on('error', error => resolve(error));
    });
    await t.test('versions', async () => {
        assert.equal(await connect({ minVersion: 'TLSv1.3' }), 'TLSv1.3');
        assert.equal(await connect({ maxVersion: 'TLSv1.2' }), 'TLSv1.2');
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' };
        assert.ok(await connect(old) instanceof Error);
    });
    await t.test('plain HTTP gets nothing, and harms nothing', async () => {
        await assert.rejects(request({ url: server.url.replace('https', 'http') }, 'GET', '/v1/runs'));
        assert.equal((await ask(server, 'GET', '/v1/assistants', { headers })).status, 200);
    });
    await t.test('libtreadle trusts the certificates that it is given', async () => {
        const env = { TREADLE_SERVER: server.url, TREADLE_API_KEY: web.key };
        const refused = await run(['runs'], { env });
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /certificate/);
        const trusted = await run(['runs', '--json'], { env: { ...env, TREADLE_CA: certificate } });
        assert.equal(trusted.code, 0, trusted.stderr);
        const wrong = await run(['runs', '--ca', otherKey], { env });
        assert.equal(wrong.code, 1);
    });
    await t.test('the owner\'s socket stays plain', async () => {
        assert.equal((await run(['runs', '--store', store])).code, 0);
    });
    await t.test('the key is not in the log', () => {
        assert.doesNotMatch(server.log, /PRIVATE|BEGIN/);
    });
});
