// HTTP as it is on the wire: one row, one request, one expected reply.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { assertError, launch, request, until } from './harness.mjs';
import { description } from './schema.mjs';

let server, home;
before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    server = await launch({ store: path.join(home, 'store') });
});
after(async () => {
    try {
        await server?.stop();
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
});

const PATIENCE = 5000;

/** Sends bytes and gives all that comes back until the server closes, or until `enough`. */
function speak(bytes, { enough, half = false } = {}) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
        let text = '';
        socket.setEncoding('latin1').setTimeout(PATIENCE, () =>
            socket.destroy(new Error(`neither an answer nor an end, but ${JSON.stringify(text)}`)));
        socket.on('data', part => {
            text += part;
            if (enough?.(text)) socket.destroy();
        });
        socket.on('close', failed => failed || resolve(text));
        socket.on('error', error => (error.code === 'ECONNRESET' && text ? resolve(text)
            : reject(error)));
        socket.write(bytes, 'latin1');
        if (half) socket.end();
    });
}

/** The same, a few bytes at a time. */
function dribble(bytes) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
        let text = '';
        socket.setNoDelay(true).setEncoding('latin1').setTimeout(PATIENCE, () =>
            socket.destroy(new Error(`neither an answer nor an end, but ${JSON.stringify(text)}`)));
        socket.on('data', part => text += part);
        socket.on('close', () => (text ? resolve(text) : reject(new Error('no answer'))));
        socket.on('error', () => {});
        const next = at => at < bytes.length && socket.writable
            && socket.write(bytes.slice(at, at + 7), 'latin1', () => setImmediate(next, at + 7));
        next(0);
    });
}

/** The replies in what came back, in the shape that assertError looks at. */
function parse(text) {
    const replies = [];
    while (text) {
        const end = text.indexOf('\r\n\r\n');
        assert.notEqual(end, -1, JSON.stringify(text.slice(0, 200)));
        const [line, ...lines] = text.slice(0, end).split('\r\n');
        const headers = Object.fromEntries(lines.map(one => {
            const colon = one.indexOf(':');
            return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
        }));
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
        assert.ok(status, line);
        const length = status === 100 ? 0 : Number(headers['content-length'] ?? 0);
        const body = text.slice(end + 4, end + 4 + length);
        const isJson = /json/.test(headers['content-type'] ?? '') && body;
        replies.push({ status, headers, text: body, json: isJson ? JSON.parse(body) : undefined });
        text = text.slice(end + 4 + length);
    }
    return replies;
}

const CLOSE = 'Host: localhost\r\nConnection: close\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const get = (target, more = '') => `GET ${target} HTTP/1.1\r\n${CLOSE}${more}\r\n`;
const send = (target, body, more = JSON_TYPE) =>
    `POST ${target} HTTP/1.1\r\n${CLOSE}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (parts, more = '') => `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}`
    + `Transfer-Encoding: chunked\r\n${more}\r\n`
    + parts.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('') + '0\r\n\r\n';
const LONG = 'x'.repeat(5000);

const ROWS = [
    // [what, bytes, status, members of the error, headers]
    ['a trailing slash', get('/v1/assistants/'), 404, { code: 'unknown_url' }],
    ['a double slash in front', get('//v1/assistants'), 404, { code: 'unknown_url' }],
    ['a double slash within', get('/v1//assistants'), 404, { code: 'unknown_url' }],
    ['a double slash for an id', get('/v1/threads//messages'), 404, { code: 'unknown_url' }],
    ['an escaped slash stays data', get('/v1/assistants/a%2Fb'), 404,
        { message: "No assistant found with id 'a/b'.", code: null }],
    ['an escaped slash is no separator', get('/v1%2Fassistants'), 404, { code: 'unknown_url' }],
    ['an escaped question mark stays data', get('/v1/assistants/a%3Flimit=0'), 404,
        { message: "No assistant found with id 'a?limit=0'." }],
    ['escaped letters are letters', get('/v1/%61ssistants'), 200],
    ['steps up are no steps', get('/v1/threads/../assistants'), 404],
    ['escaped steps up are an id', get('/v1/assistants/%2e%2e'), 404,
        { message: "No assistant found with id '..'." }],
    ['a NUL in an id', get('/v1/assistants/%00'), 400, { message: /escape/ }],
    ['a broken escape', get('/v1/assistants/%4'), 400, { message: /escape/ }],
    ['an escape of no UTF-8', get('/v1/assistants/%ff'), 400, { message: /UTF-8/ }],
    ['raw bytes above ASCII', get('/v1/assistants/\xff'), 400],
    ['raw UTF-8 in an id', get('/v1/assistants/\xc3\xa9'), 404],
    ['a fragment', get('/v1/assistants#x'), 400, { message: /URL is not valid/ }],
    ['a path of many segments', get('/v1' + '/a'.repeat(100)), 400, { message: /segments/ }],
    ['a path too long', get(`/v1/${LONG}`), 400, { message: /path is too long/ }],
    ['a URL too long', get(`/v1/assistants?after=${LONG}${LONG}`), 400,
        { message: /URL is too long/ }],
    ['very many arguments', get(`/v1/assistants?${'a&'.repeat(1500)}`), 400,
        { message: /too many arguments/ }],
    ['very many arguments and a body', send(`/v1/threads?${'a=b&'.repeat(200)}`, '['.repeat(50000)),
        400, { message: /too many arguments/ }],
    ['arguments without a name', get('/v1/assistants?=&&=1&'), 200],
    ['a plus is a blank', get('/v1/assistants?order=+asc'), 400, { param: 'order' }],
    ['a method in lower case', get('/v1/assistants').replace('GET', 'get'), 405,
        { code: 'method_not_supported' }, { allow: 'GET, HEAD, POST' }],
    ['a method in mixed case', send('/v1/threads/x/runs/y/cancel', '').replace('POST', 'Post'), 405,
        { code: 'method_not_supported' }, { allow: 'POST' }],
    ['TRACE', get('/v1/assistants').replace('GET', 'TRACE'), 405, {}, { allow: 'GET, HEAD, POST' }],
    ['CONNECT', get('localhost:443').replace('GET', 'CONNECT'), 400],
    ['OPTIONS without an origin', get('/v1/assistants').replace('GET', 'OPTIONS'), 405, {},
        { allow: 'GET, HEAD, POST' }],
    ['OPTIONS of everything', get('*').replace('GET', 'OPTIONS'), 404],
    ['OPTIONS from a foreign page', get('/v1/assistants', 'Origin: https://evil.example\r\n'
        + 'Access-Control-Request-Method: GET\r\n').replace('GET', 'OPTIONS'), 403,
    { code: 'forbidden_origin' }],
    ['a foreign page', get('/v1/assistants', 'Origin: https://evil.example\r\n'), 403,
        { code: 'forbidden_origin' }],
    ['a foreign page where nothing is', get('/v1/nothing', 'Origin: https://evil.example\r\n'), 403,
        { code: 'forbidden_origin' }],
    ['a foreign name', 'GET /v1/assistants HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
        403, { code: 'forbidden_origin' }],
    ['an absolute target', get('http://localhost/v1/assistants'), 200],
    ['an absolute target without a path', get('http://localhost'), 400],
    ['another scheme', get('ftp://localhost/v1/assistants'), 400],
    ['a key made by no owner', send('/v1/treadle/keys', '{"project":"p"}'), 403],
    ['no type is taken for JSON', send('/v1/threads', '{}', ''), 200],
    ['text', send('/v1/threads', '{}', 'Content-Type: text/plain\r\n'), 415],
    ['a form where JSON belongs', send('/v1/threads', 'a=b',
        'Content-Type: application/x-www-form-urlencoded\r\n'), 415],
    ['JSON where a form belongs', send('/v1/files', '{}'), 415],
    ['a type in capitals, with a parameter', send('/v1/threads', '{}',
        'Content-Type: Application/JSON; Charset=UTF-8\r\n'), 200],
    ['a body where none belongs', get('/v1/assistants', 'Content-Length: 3\r\n') + 'abc', 200],
    ['no body at all', `POST /v1/threads HTTP/1.1\r\n${CLOSE}\r\n`, 200],
    ['a body in chunks', chunked(['{"meta', 'data":', '{"a":"b"}}']), 200],
    ['a body in chunks of a byte', chunked([...'{"metadata":{}}']), 200],
    ['chunks with a trailer', chunked(['{}']).replace(/\r\n$/, 'X-Later: 1\r\n\r\n'), 200],
    ['chunks that are no JSON', chunked(['{"a']), 400, { code: 'invalid_json' }],
    ['chunks above the limit', `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}`
        + `Transfer-Encoding: chunked\r\n\r\n${(17 << 20).toString(16)}\r\n` + ' '.repeat(17 << 20),
    413, { code: 'request_too_large' }],
    ['a body announced above the limit', `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}`
        + 'Content-Length: 99999999999\r\n\r\n', 413, { code: 'request_too_large' }],
    ['an unknown coding', `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}`
        + 'Transfer-Encoding: gzip\r\n\r\n', 400, { message: /Transfer-Encoding/ }],
    ['two codings', `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}`
        + 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 400, { message: /Transfer-Encoding/ }],
    ['too many headers', get('/v1/assistants', 'A: b\r\n'.repeat(110)), 431,
        { message: /too many/ }],
    ['a header with a control character', get('/v1/assistants', 'A: \x01\r\n'), 400],
    ['a name with a blank', get('/v1/assistants', 'A : b\r\n'), 400],
    ['lines that end in LF', get('/v1/assistants').replaceAll('\r\n', '\n'), 400, { message: /CRLF/ }],
    ['a NUL in a header', get('/v1/assistants', 'A: b\0c\r\n'), 400, { message: /NUL/ }],
    ['a NUL and an LF for the end', 'GET /v1/assistants HTTP/1.1\r\nConnection: close\r\n'
        + 'Host: localhost\0x\n\n', 400, { message: /NUL/ }],
    ['a NUL within the end', 'GET /v1/assistants HTTP/1.1\r\nConnection: close\r\n'
        + 'Host: localhost\n\0x\n', 400, { message: /NUL/ }],
    ['HTTP/1.0', 'GET /v1/assistants HTTP/1.0\r\n\r\n', 200],
    ['HTTP/1.0 with a body', `POST /v1/threads HTTP/1.0\r\n${JSON_TYPE}Content-Length: 2\r\n\r\n{}`,
        200],
    ['HTTP/1.0 with chunks', `POST /v1/threads HTTP/1.0\r\n${JSON_TYPE}`
        + 'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', 400],
];

for (const [what, bytes, status, error, headers] of ROWS)
    test(what, async () => {
        const [reply, ...more] = parse(await speak(bytes));
        assert.deepEqual(more, []);
        if (status >= 400) assertError(reply, status, error);
        else assert.equal(reply.status, status, reply.text);
        for (const [name, value] of Object.entries(headers ?? {}))
            assert.equal(reply.headers[name], value);
    });

// Where the bytes are no HTTP that can be read on, they are refused, and the connection ends. The last
// column says whether the request is logged and counted: all are.
const coded = `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`;
const UNREADABLE = [
    ['a chunk of no size', `${coded}zz\r\n{}\r\n0\r\n\r\n`, 400],
    ['a chunk of a negative size', `${coded}-2\r\n{}\r\n0\r\n\r\n`, 400],
    ['a chunk that is longer than its size', `${coded}2\r\n{}}\r\n0\r\n\r\n`, 400],
    ['a chunk size beyond all numbers', `${coded}${'f'.repeat(17)}\r\n{}`, 413],
    ['a chunk size that ends in LF', `${coded}2\n{}\r\n0\r\n\r\n`, 400],
    ['a chunk extension', `${coded}2;a=b\r\n{}\r\n0\r\n\r\n`, 400],
    ['a chunk extension that ends in LF', `${coded}2;a=b\n{}\r\n0\r\n\r\n`, 400],
    ['a chunk that ends in LF', `${coded}2\r\n{}\n0\r\n\r\n`, 400],
    ['a last chunk that ends in LF', `${coded}2\r\n{}\r\n0\n\r\n`, 400],
    ['chunks that end in LF', `${coded}2\r\n{}\r\n0\r\n\n`, 400],
    ['a trailer that ends in LF', `${coded}2\r\n{}\r\n0\r\nX: y\n\r\n`, 400],
    ['a trailer that gives a length', `${coded}2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n`, 400],
    ['a chunk size with a blank', `${coded}2 \r\n{}\r\n0\r\n\r\n`, 400],
    ['a second request after a bare LF', 'GET /v1/models HTTP/1.1\r\nHost: localhost\r\n'
        + `X-Note: a\n\n${get('/v1/files')}`, 400],
    ['a CR within a header', get('/v1/assistants', 'A: b\rc\r\n'), 400],
    ['a header without a colon', get('/v1/assistants', 'No colon here\r\n'), 400],
    ['a first header without a colon', 'GET /v1/assistants HTTP/1.1\r\nHost\r\n\r\n', 400],
    ['a length that is no number', send('/v1/threads', '{}').replace('Length: 2', 'Length: 2x'),
        400],
    ['a negative length', send('/v1/threads', '{}').replace('Length: 2', 'Length: -2'), 400],
    ['a length beyond all numbers', send('/v1/threads', '{}').replace('Length: 2',
        `Length: ${'9'.repeat(20)}`), 413],
    ['a length with a sign', send('/v1/threads', '{}').replace('Length: 2', 'Length: +2'), 400],
    ['an empty length', send('/v1/threads', '{}').replace('Length: 2', 'Length:'), 400],
    ['headers that do not fit', get('/v1/assistants', `A: ${LONG.repeat(10)}\r\n`), 431],
    ['a thousand headers', get('/v1/assistants', 'A: b\r\n'.repeat(1000)), 431],
    ['cookies that do not fit', get('/v1/assistants', `Cookie: ${'a=b;'.repeat(3000)}\r\n`), 431],
    ['a line that does not fit', get(`/v1/${LONG.repeat(10)}`), 414],
    ['another HTTP', get('/v1/assistants').replace('HTTP/1.1', 'HTTP/3.0'), 505],
    ['an old HTTP', get('/v1/assistants').replace('HTTP/1.1', 'HTTP/0.9'), 505],
    ['no HTTP', get('/v1/assistants').replace('HTTP/1.1', 'HTTPS/1.1'), 400],
    ['a line without a version', 'GET /v1/assistants\r\n\r\n', 400],
];

/** How many requests ended with a status, whatever they asked for. */
async function refusals(status) {
    const pattern = new RegExp(`^treadle_requests_total\\{.*status="${status}"\\} (\\d+)$`, 'gm');
    const { text } = await request(server, 'GET', '/metrics');
    return [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
}

const REFUSED = { type: 'invalid_request_error', param: null, code: null };

for (const [what, bytes, status] of UNREADABLE)
    test(`${what} is refused`, async () => {
        const before = await refusals(status);
        const text = await speak(bytes + get('/v1/assistants'));
        const [reply, ...more] = parse(text);
        assertError(reply, status, REFUSED);
        assert.equal(reply.headers.connection, 'close');
        assert.deepEqual(more, [], 'what follows is not read');
        await until('it is counted', async () => await refusals(status) === before + 1);
        const line = new RegExp(`id=${reply.headers['x-request-id']} .* status=${status}`);
        await until('it is logged', () => line.test(server.log));
    });

test('what is refused later on a connection has the envelope too', async () => {
    const keep = 'GET /v1/assistants HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (const [what, bytes, status] of UNREADABLE) {
        const [first, second, ...more] = parse(await speak(keep + bytes));
        assert.equal(first.status, 200);
        assertError(second, status, REFUSED);
        assert.notEqual(second.headers['x-request-id'], first.headers['x-request-id'], what);
        assert.deepEqual(more, []);
    }
});

test('bytes that come in pieces are refused alike', async () => {
    for (const [, bytes, status] of UNREADABLE.filter(([, text]) => text.length < 300)) {
        const [reply] = parse(await dribble(bytes));
        assertError(reply, status, REFUSED);
    }
});

test('every path says which methods it has', async t => {
    const paths = new Map();
    for (const { path: template, method } of description().operations)
        paths.set(template, [...paths.get(template) ?? [], method]);
    for (const [template, methods] of paths)
        await t.test(template, async () => {
            const [reply] = parse(await speak(get(`/v1${template.replace(/\{\w+\}/g, 'x')}`)
                .replace('GET', 'PATCH')));
            assertError(reply, 405, { type: 'invalid_request_error', code: 'method_not_supported' });
            // A word and a parameter may fit the same path: /threads/runs is a thread's too.
            const allowed = reply.headers.allow.split(', ');
            for (const method of methods) assert.ok(allowed.includes(method), reply.headers.allow);
            assert.equal(allowed.includes('HEAD'), allowed.includes('GET'));
            if (template !== '/threads/runs')
                assert.deepEqual(allowed.filter(one => one !== 'HEAD').sort(), methods.sort());
        });
});

test('HEAD gives the headers of GET and nothing else', async () => {
    for (const target of ['/v1/assistants', '/v1/assistants/none', '/health', '/v1/nothing']) {
        const [got] = parse(await speak(get(target)));
        const text = await speak(get(target).replace('GET', 'HEAD'));
        assert.ok(text.endsWith('\r\n\r\n') && text.indexOf('\r\n\r\n') === text.length - 4, text);
        assert.match(text, new RegExp(`^HTTP/1\\.1 ${got.status} `));
        assert.match(text, new RegExp(`content-type: ${got.headers['content-type']}`, 'i'));
    }
});

test('requests one after the other are answered in order', async () => {
    const keep = target => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const body = '{"metadata":{"n":"1"}}';
    const replies = parse(await speak(keep('/v1/assistants?limit=0') + keep('/v1/threads/a')
        + `POST /v1/threads HTTP/1.1\r\nHost: localhost\r\n${JSON_TYPE}Content-Length: `
        + `${body.length}\r\n\r\n${body}` + keep('/v1/nothing') + get('/v1/files')));
    assert.deepEqual(replies.map(reply => reply.status), [400, 404, 200, 404, 200]);
    assert.equal(replies[2].json.metadata.n, '1');
    assert.equal(new Set(replies.map(reply => reply.headers['x-request-id'])).size, 5);
});

test('a hundred requests at once on one connection', async () => {
    const replies = parse(await speak('GET /v1/assistants HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(99)
        + get('/v1/assistants')));
    assert.deepEqual(replies.map(reply => reply.status), Array(100).fill(200));
});

test('what follows a request that was refused at its head is not taken for one', async () => {
    const hidden = get('/v1/assistants');
    const [reply, ...more] = parse(await speak(`POST /v1/threads HTTP/1.1\r\nHost: localhost\r\n`
        + `Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`));
    assertError(reply, 400);
    assert.deepEqual(more, []);
});

test('Expect: 100-continue', async t => {
    const head = length => `POST /v1/threads HTTP/1.1\r\n${CLOSE}${JSON_TYPE}Expect: 100-continue\r\n`
        + `Content-Length: ${length}\r\n\r\n`;
    await t.test('is answered before the body', async () => {
        const text = await speak(head(2), { enough: seen => seen.includes('\r\n\r\n') });
        assert.match(text, /^HTTP\/1\.1 100 /);
    });
    await t.test('and the body is taken', async () => {
        const replies = parse(await speak(`${head(2)}{}`));
        assert.equal(replies.at(-1).status, 200);
    });
    await t.test('is refused when the body would be', async () => {
        const [reply] = parse(await speak(head(99999999)));
        assertError(reply, 413);
    });
    await t.test('anything else is not understood', async () => {
        for (const other of ['200-ok', '100-continue, more', ''])
            assertError(parse(await speak(head(2).replace('100-continue', other) + '{}'))[0], 417);
    });
    await t.test('is refused where nothing is', async () => {
        const [reply] = parse(await speak(head(2).replace('/v1/threads', '/v1/nothing')));
        assertError(reply, 404);
    });
});

test('connections', async t => {
    const keep = 'GET /v1/assistants HTTP/1.1\r\nHost: localhost\r\n\r\n';
    await t.test('are kept by default', async () => {
        const text = await speak(keep, { enough: seen => seen.includes('"has_more"') });
        assert.doesNotMatch(text, /^connection: close/im);
    });
    await t.test('say that they close', async () => {
        assert.match(await speak(get('/v1/assistants')), /^connection: close\r$/im);
    });
    await t.test('that the client has half closed still get their answer', async () => {
        const [reply] = parse(await speak(get('/v1/assistants'), { half: true }));
        assert.equal(reply.status, 200);
    });
    await t.test('that say nothing harm nobody', async () => {
        const silent = Array.from({ length: 50 }, () =>
            net.connect(Number(new URL(server.url).port), '127.0.0.1'));
        try {
            const [reply] = parse(await speak(get('/v1/assistants')));
            assert.equal(reply.status, 200);
        } finally {
            for (const socket of silent) socket.destroy();
        }
    });
    await t.test('that end within a body do no harm', async () => {
        for (let i = 0; i < 20; i++) {
            const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
            await new Promise(done => socket.write(`POST /v1/files HTTP/1.1\r\nHost: localhost\r\n`
                + 'Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 9999\r\n\r\n'
                + '--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc', done));
            socket.resetAndDestroy?.() ?? socket.destroy();
        }
        const [reply] = parse(await speak(get('/v1/files')));
        assert.deepEqual(reply.json.data, []);
    });
});
