// What those who run the server see of it: probes, metrics, logs, and how it stops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { assertError, directory, launch, post, program, request, root, run, serve, sleep, until,
    upload, within } from './harness.mjs';
import path from 'node:path';
import { bearer, makeKey } from './keyring.mjs';

/** Numbers by name with labels, of a text in Prometheus' format, which is checked on the way. */
function parseMetrics(text) {
    assert.ok(text.endsWith('\n'));
    const values = new Map();
    const types = new Map();
    for (const line of text.trimEnd().split('\n')) {
        const [, type, kind] = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line) ?? [];
        if (type) {
            assert.equal(types.has(type), false, line);
            types.set(type, kind);
        }
        if (line[0] === '#') {
            assert.match(line, /^# (TYPE|HELP) \w+ ./);
            continue;
        }
        const [, name, labels, value] =
            /^(\w+)(\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})? ([0-9.e+-]+)$/.exec(line)
            ?? assert.fail(line);
        const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
        assert.ok(types.has(family), line);
        assert.equal(values.has(name + (labels ?? '')), false, line);
        values.set(name + (labels ?? ''), Number(value));
    }
    return values;
}

const metrics = async server => parseMetrics((await request(server, 'GET', '/metrics')).text);

test('probes', async t => {
    const server = await serve(t);
    const { json } = await until('the sandbox is known', async () => {
        const reply = await request(server, 'GET', '/health');
        return reply.json.sandbox && reply;
    });
    assert.equal(json.status, 'ok');
    assert.equal(json.embedding, null);
    assert.match(json.sandbox, /seccomp and limits/);
    assert.equal('advice' in json, !json.sandbox.startsWith('bubblewrap'));
    assert.deepEqual((await request(server, 'GET', '/ready')).json, { status: 'ready' });
    assertError(await request(server, 'POST', '/health'), 405);
    assertError(await request(server, 'GET', '/healthy'), 404);
    assertError(await request(server, 'GET', '/v1/health'), 404);
});

test('probes need no key, metrics one where keys are required', async t => {
    const store = path.join(directory(t), 'store');
    const { key } = await makeKey(store, 'monitoring');
    const server = await serve(t, { store, arguments: ['--require-keys'] });
    assertError(await request(server, 'GET', '/v1/assistants'), 401);
    for (const target of ['/health', '/ready'])
        assert.equal((await request(server, 'GET', target)).status, 200, target);
    assertError(await request(server, 'GET', '/metrics'), 401);
    const shown = await request(server, 'GET', '/metrics', { headers: bearer(key) });
    assert.match(shown.text, /^treadle_connections /m);
    const owners = await new Promise((resolve, reject) => http.get(
        { socketPath: path.join(store, 'socket'), path: '/metrics' }, resolve).on('error', reject));
    owners.resume();
    assert.equal(owners.statusCode, 200);
});

test('metrics count requests by operation and status, never by path', async t => {
    const server = await serve(t);
    const thread = await server.client.beta.threads.create();
    for (let i = 0; i < 5; i++) await request(server, 'GET', `/v1/threads/thread_${i}`);
    for (let i = 0; i < 7; i++) await request(server, 'GET', `/v1/none${i}`);
    await server.client.beta.threads.messages.create(thread.id, { role: 'user', content: 'x' });
    // The last ones are counted just after their replies were read.
    const values = await until('all are counted', async () => {
        const found = await metrics(server);
        return found.get('treadle_requests_total{operation="createMessage",status="200"}')
            && found.get('treadle_requests_total{operation="none",status="404"}') === 7 && found;
    });
    assert.equal(values.get('treadle_requests_total{operation="createThread",status="200"}'), 1);
    assert.equal(values.get('treadle_requests_total{operation="getThread",status="404"}'), 5);
    const of = operation => `treadle_request_duration_seconds_bucket{operation="${operation}",le="`;
    assert.equal(values.get(`${of('getThread')}+Inf"}`), 5);
    let last = 0;
    for (const [name, value] of values) {
        if (!name.startsWith(of('getThread'))) continue;
        assert.ok(value >= last);
        last = value;
    }
    assert.ok(values.get('treadle_store_works_total') >= values.get('treadle_store_commits_total'));
    assert.ok(values.get('treadle_store_commits_total') >= 2);
    assert.ok(values.get('treadle_uptime_seconds') > 0);
    assert.ok(values.get('process_resident_memory_bytes') > 1e6);
    for (const name of ['treadle_runs_active', 'treadle_runs_queued', 'treadle_ingest_pending'])
        assert.equal(values.get(name), 0, name);
    assert.equal(values.get('treadle_requests_in_flight'), 1);
    assert.ok(values.get('treadle_connections') >= 1);
    const assistant = await server.client.beta.assistants.create({ model: 'x' });
    const run = await server.client.beta.threads.createAndRunPoll({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: 'Hello' }] } });
    assert.equal(run.status, 'completed');
    const counted = await until('the run is counted', async () => {
        const found = await metrics(server);
        return found.get('treadle_runs_executed_total{status="completed"}') && found;
    });
    assert.equal(counted.get('treadle_run_phase_seconds_count{phase="model"}'), 1);
    const times = (await request(server, 'GET', `/v1/runs/${run.id}/times`)).json;
    assert.equal(times.object, 'thread.run.times');
    assert.equal(times.run_id, run.id);
    assert.ok(times.model_us > 0 && times.first_us > 0 && times.queue_us >= 0, JSON.stringify(times));
    assert.equal(times.tool_us, 0);
    assertError(await request(server, 'GET', '/v1/runs/run_none/times'), 404);
    const names = [...values.keys()].join('\n');
    assert.doesNotMatch(names, /thread_|none\d/);
});

test('one line a request, as logfmt or as JSON, without anything that was sent', async t => {
    const secret = 'Zecret0';
    for (const format of ['logfmt', 'json']) {
        const server = await launch({ store: path.join(directory(t), 'store'),
            arguments: ['--log-format', format, '--log-level', 'debug'] });
        const headers = { authorization: `Bearer sk-${secret}1`, 'x-other': `${secret}2` };
        const ids = [];
        const note = reply => ids.push([reply.headers['x-request-id'], reply.status]);
        note(await request(server, 'GET', `/v1/threads?metadata[a]=${secret}3&after=${secret}4`,
            { headers }));
        note(await request(server, 'GET', `/v1/${secret}5`, { headers }));
        note(await request(server, 'GET', `/v1/threads/${secret}6`, { headers }));
        note(await post(server, '/v1/threads', { messages: [{ role: 'user', content: `${secret}7` }],
            metadata: { key: `${secret}8` } }, headers));
        note(await post(server, '/v1/threads', `{"${secret}9": `, headers));
        const file = await server.client.files.create(
            { file: upload(`${secret}10.txt`, `${secret}11`), purpose: 'assistants' });
        const assistant = await server.client.beta.assistants.create(
            { model: 'x', instructions: `${secret}12` });
        const finished = await server.client.beta.threads.createAndRunPoll(
            { assistant_id: assistant.id,
                thread: { messages: [{ role: 'user', content: `${secret}13?`,
                    attachments: [{ file_id: file.id, tools: [{ type: 'file_search' }] }] }] } },
            { pollIntervalMs: 20 });
        assert.equal(finished.status, 'completed');
        await server.stop();
        assert.doesNotMatch(server.log, new RegExp(secret, 'i'));
        const lines = server.log.trimEnd().split('\n');
        for (const line of lines) {
            if (format === 'json') assert.equal(typeof JSON.parse(line).event, 'string', line);
            else assert.match(line, /^time=\S+ level=(debug|info|warning|error) event=\S+( |$)/);
        }
        for (const [id, status] of ids) {
            const own = lines.filter(line => line.includes(id));
            assert.equal(own.length, 1, id);
            assert.match(own[0], new RegExp(format === 'json' ? `"status":"${status}"`
                : `status=${status} ms=\\d+\\.\\d{3} in=\\d+ out=\\d+`));
        }
    }
});

test('the log names the key by its id', async t => {
    const server = await serve(t, { arguments: ['--require-keys'] });
    const { code, stdout } = await run(['key', 'create', '--project', 'p', '--json',
        '--store', server.store]);
    assert.equal(code, 0);
    const key = JSON.parse(stdout);
    const reply = await request(server, 'GET', '/v1/assistants',
        { headers: { authorization: `Bearer ${key.key}` } });
    assert.equal(reply.status, 200);
    const line = await until('the line', () =>
        server.log.split('\n').find(text => text.includes(reply.headers['x-request-id'])));
    assert.ok(line.includes(`key=${key.id}`), line);
    assert.equal(server.log.includes(key.key), false);
});

/** Begins an upload whose body comes only later; returns how to continue, and the reply. */
function slowUpload(server) {
    const { hostname, port } = new URL(server.url);
    const boundary = 'b0undary';
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n`
        + `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n`;
    const tail = `\r\n--${boundary}--\r\n`;
    const sent = http.request({ hostname, port, method: 'POST', path: '/v1/files', agent: false,
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } });
    const reply = new Promise((resolve, reject) => {
        sent.on('error', reject);
        sent.on('response', response => {
            let text = '';
            response.on('data', part => { text += part; });
            response.on('end', () => resolve({ status: response.statusCode, text }));
        });
    });
    sent.write(head + 'first half, ');
    return { reply, finish: () => sent.end('second half' + tail) };
}

const refused = server => new Promise(resolve => {
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname);
    socket.on('connect', () => { socket.destroy(); resolve(false); });
    socket.on('error', () => resolve(true));
});

/** Runs for a second at least: its file is large. */
async function startRun(server) {
    const text = Array.from({ length: 60000 },
        (_, i) => `Sentence ${i} tells of weft ${i % 977} and of warp ${i % 1013}.`).join('\n');
    const file = await server.client.files.create(
        { file: upload('long.txt', text), purpose: 'assistants' });
    const assistant = await server.client.beta.assistants.create(
        { model: 'x', tools: [{ type: 'file_search' }] });
    return server.client.beta.threads.createAndRun({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: 'Which warp has weft 500?',
            attachments: [{ file_id: file.id, tools: [{ type: 'file_search' }] }] }] } });
}

test('SIGTERM: an upload and a run under way end, then the server does', async t => {
    const store = path.join(directory(t), 'store');
    const server = await launch({ store, arguments: ['--grace', '20'] });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const kept = () => new Promise((resolve, reject) => {
        http.get(`${server.url}/ready`, { agent }, reply => {
            let text = '';
            reply.on('data', part => { text += part; });
            reply.on('end', () => resolve({ status: reply.statusCode, text }));
        }).on('error', reject);
    });
    assert.equal((await kept()).status, 200);
    const started = await startRun(server);
    await until('the run is at work', async () => (await server.client.beta.threads.runs.retrieve(
        started.id, { thread_id: started.thread_id })).status !== 'queued');
    const slow = slowUpload(server);
    await until('the upload is under way', async () =>
        (await metrics(server)).get('treadle_requests_in_flight') >= 2);
    server.child.kill('SIGTERM');
    await until('no connection is taken', () => refused(server));
    const ready = await kept();
    assert.equal(ready.status, 503);
    assert.match(ready.text, /"code":"stopping"/);
    await sleep(300);
    assert.equal(server.stopped, false);
    slow.finish();
    const reply = await slow.reply;
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(await within(20000, 'the server ends', server.ended),
        { code: 0, signal: null });
    agent.destroy();

    const next = await launch({ store });
    t.after(() => next.stop());
    const { id } = JSON.parse(reply.text);
    assert.equal((await request(next, 'GET', `/v1/files/${id}/content`)).text,
        'first half, second half');
    const ended = await next.client.beta.threads.runs.retrieve(started.id,
        { thread_id: started.thread_id });
    assert.equal(ended.status, 'completed', JSON.stringify(ended.last_error));
});

test('the grace is bounded, and ends with status 0', async t => {
    const server = await launch({ store: path.join(directory(t), 'store'),
        arguments: ['--grace', '1'] });
    const slow = slowUpload(server);
    slow.reply.catch(() => {});
    await until('the upload is under way', async () =>
        (await metrics(server)).get('treadle_requests_in_flight') >= 2);
    const start = Date.now();
    await server.stop();
    assert.ok(Date.now() - start < 8000, `${Date.now() - start} ms`);
});

test('a second signal ends at once', async t => {
    const server = await launch({ store: path.join(directory(t), 'store'),
        arguments: ['--grace', '60'] });
    const slow = slowUpload(server);
    slow.reply.catch(() => {});
    await until('the upload is under way', async () =>
        (await metrics(server)).get('treadle_requests_in_flight') >= 2);
    server.child.kill('SIGTERM');
    await until('no connection is taken', () => refused(server));
    server.child.kill('SIGTERM');
    const { signal } = await within(5000, 'the server ends', server.ended);
    assert.equal(signal, 'SIGTERM');
});

test('systemd is notified when the server is ready and when it stops', async t => {
    const home = directory(t);
    const socket = path.join(home, 'notify');
    const listener = spawn('python3', ['-uc', 'import socket, sys\n'
        + 's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1])\n'
        + 'print("bound")\nwhile True: print(s.recv(100).decode())', socket]);
    t.after(() => listener.kill());
    let heard = '';
    listener.stdout.on('data', text => { heard += text; });
    await until('the socket is there', () => heard === 'bound\n');
    const server = await launch({ store: path.join(home, 'store'),
        env: { NOTIFY_SOCKET: socket } });
    await until('ready', () => heard === 'bound\nREADY=1\n');
    await server.stop();
    await until('stopping', () => heard === 'bound\nREADY=1\nSTOPPING=1\n');
});

test('systemd takes the unit', async t => {
    if (spawnSync('systemd-analyze', ['--version']).error) {
        t.skip('there is no systemd-analyze');
        return;
    }
    const unit = path.join(directory(t), 'treadle.service');
    fs.writeFileSync(unit, fs.readFileSync(path.join(root, 'packaging/treadle.service.in'), 'utf8')
        .replace('@bindir@/treadle', program));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit],
        { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /treadle\.service/);
});

test('options of serve are checked', async () => {
    for (const wrong of [['--log-format', 'xml'], ['--grace', '0'], ['--grace', 'x']]) {
        const { code, stderr } = await run(['serve', ...wrong]);
        assert.equal(code, 2, wrong.join(' '));
        assert.match(stderr, /treadle/);
    }
});
