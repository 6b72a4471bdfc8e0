// What holds for every request of every operation, tried with thousands of random ones: the server
// answers, never with a fault of its own; what it refuses has the whole envelope; what it grants fits
// what `treadle schema` says, and so did the request.
//
// $TREADLE_SEED repeats a run (the ids that the server makes differ nevertheless).
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { assertError, serve, upload } from './harness.mjs';
import { assertFits, description } from './schema.mjs';
import { ODD_IDS, corrupt, example, form, mutate, randomOf } from './random.mjs';

const SEED = Number(process.env.TREADLE_SEED ?? randomInt(2 ** 31));
const SECONDS = 40;
const MOST = 8000;
const FEWEST = 1500;
const LEAST_KINDS = 0.7; // of the operations must have been granted at least once

const { document, operations, ajv } = description();

/** What has been made so far, by the path parameters that lead to it. */
function library() {
    const shelves = new Map();
    const put = context => {
        const key = Object.keys(context).sort().join();
        const shelf = shelves.get(key) ?? [];
        shelf.push(context);
        if (shelf.length > 12) shelf.splice(2, 1);
        shelves.set(key, shelf);
    };
    const learn = {
        assistant: o => put({ assistant_id: o.id }),
        thread: o => put({ thread_id: o.id }),
        'thread.message': o => put({ thread_id: o.thread_id, message_id: o.id }),
        'thread.run': o => {
            put({ thread_id: o.thread_id, run_id: o.id });
            put({ thread_id: o.thread_id });
            put({ run_id: o.id });
        },
        'thread.run.step': o => put({ thread_id: o.thread_id, run_id: o.run_id, step_id: o.id }),
        file: o => put({ file_id: o.id }),
        upload: o => put({ upload_id: o.id }),
        'upload.part': o => put({ part_id: o.id }),
        vector_store: o => put({ vector_store_id: o.id }),
        'vector_store.file': o => put({ vector_store_id: o.vector_store_id, file_id: o.id }),
        'vector_store.files_batch': o => put({ vector_store_id: o.vector_store_id, batch_id: o.id }),
        'vector_store.file_batch': o => put({ vector_store_id: o.vector_store_id, batch_id: o.id }),
        model: o => put({ model: o.id }),
        'treadle.key': o => put({ key_id: o.id }),
    };
    return {
        put,
        contexts: names => shelves.get([...names].sort().join()) ?? [],
        learn: object => {
            for (const one of object?.data ?? [object]) learn[one?.object]?.(one);
        },
    };
}

/** What makes sense for a property of a body. */
function usefulValues(books, operation) {
    const ids = name => books.contexts([name]).map(context => context[name]);
    return name => ({
        assistant_id: ids('assistant_id'), file_id: ids('file_id'), file_ids: ids('file_id'),
        vector_store_ids: ids('vector_store_id'), part_ids: ids('part_id'),
        model: [operation.operationId === 'createEmbedding' ? 'treadle-hash-embedding'
            : 'treadle-extractive'],
    }[name]);
}

function choosePath(random, books, operation) {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(match => match[1]);
    const contexts = books.contexts(names);
    const context = contexts.length ? random.pick(contexts) : {};
    return operation.path.replace(/\{(\w+)\}/g, (_, name) => {
        if (random.chance(0.08)) return random.pick(ODD_IDS);
        return context[name] === undefined ? `${name}_none` : encodeURIComponent(context[name]);
    });
}

const ODD_VALUES = ['', '0', '-1', '1.5', '1e2', '99999999999999999999', 'x', '%00', '%ff', '%', '+',
    '%F0%9F%98%80', 'x'.repeat(5000), 'true', '[]', '%5B%5D', 'desc%00', 'asc,desc', '%2b1', '0x10'];

function chooseQuery(random, operation) {
    const parts = [];
    for (const parameter of operation.parameters.filter(one => one.in === 'query')) {
        if (random.chance(0.6)) continue;
        const value = random.chance(0.5) ? random.pick(ODD_VALUES)
            : encodeURIComponent(example(random, document, parameter.schema));
        parts.push(`${parameter.name}=${value}`);
        if (random.chance(0.05)) parts.push(parts.at(-1));
    }
    if (random.chance(0.03)) parts.push(random.pick(['=', '&&', 'a', 'a=b', '%=1', 'limit', 'x[]=1',
        'a=b&'.repeat(200), 'after=%E2%28%A1']));
    return parts.length ? `?${parts.join('&')}` : '';
}

function chooseForm(random, operation, schema) {
    const fields = [];
    for (const [name, inner] of Object.entries(schema.properties)) {
        const isFile = inner.allOf?.some(one => one.contentMediaType);
        if (!schema.required?.includes(name) && random.chance(0.7)) continue;
        if (random.chance(0.05)) continue;
        fields.push([name, isFile ? Buffer.from(random.pick(['', 'words of a loom', '\0\xff', '%PDF-1.4']))
            : random.chance(0.1) ? random.pick(ODD_VALUES) : example(random, document, inner)]);
    }
    if (random.chance(0.05)) fields.push([random.pick(['x', 'file', '', 'purpose', 'é']), 'y']);
    let body = form('B', fields);
    if (random.chance(0.1)) body = body.subarray(0, random.below(body.length));
    return { body, type: random.chance(0.95) ? 'multipart/form-data; boundary=B'
        : random.pick(['multipart/form-data', 'multipart/form-data; boundary=""', 'text/plain',
            'multipart/form-data; boundary=' + 'x'.repeat(300)]) };
}

/** A body with what is known of it: `fits` (by the schema; undefined when that is not known). */
function chooseBody(random, books, operation) {
    const content = operation.requestBody?.content;
    if (!content) return random.chance(0.05) ? { body: '{}', type: 'application/json' } : {};
    if (content['multipart/form-data'])
        return chooseForm(random, operation, content['multipart/form-data'].schema);
    const { schema } = content['application/json'];
    let value = example(random, document, schema, usefulValues(books, operation));
    if (!/^(modify|update)/.test(operation.operationId) && random.chance(0.9)) delete value.stream;
    const type = random.chance(0.98) ? 'application/json'
        : random.pick(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ';']);
    const kind = random.below(10);
    if (kind === 9) return { body: corrupt(random, value), type, fits: false };
    for (let i = kind > 4 ? 1 + random.below(3) : 0; i > 0; i--) value = mutate(random, value);
    const validate = ajv.getSchema(`treadle${schema.$ref}`)
        ?? ajv.compile({ $ref: `treadle${schema.$ref}` });
    return { body: JSON.stringify(value), type, fits: validate(value) };
}

function choose(seed, books) {
    const random = randomOf(seed);
    let operation = random.pick(operations);
    // What is deleted early is not there for the rest.
    if (operation.method === 'DELETE' && random.chance(0.7)) operation = random.pick(operations);
    const { body, type, fits } = chooseBody(random, books, operation);
    const headers = type ? { 'content-type': type } : {};
    if (body !== undefined) headers['content-length'] = Buffer.byteLength(body);
    return { operation, method: operation.method, body, headers, fits,
        target: `/v1${choosePath(random, books, operation)}${chooseQuery(random, operation)}` };
}

function send(server, agent, { method, target, headers, body }) {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
        const sent = http.request({ hostname, port, method, path: target, headers, agent }, reply => {
            const parts = [];
            reply.on('data', part => parts.push(part));
            reply.on('error', reject);
            reply.on('end', () => {
                const text = Buffer.concat(parts).toString('utf8');
                const isJson = /^application\/json/.test(reply.headers['content-type'] ?? '');
                resolve({ status: reply.statusCode, headers: reply.headers, text,
                    json: isJson ? JSON.parse(text) : undefined });
            });
        });
        sent.setTimeout(20000, () => sent.destroy(new Error('no answer within 20 s')));
        sent.on('error', reject);
        sent.end(body);
    });
}

/** What only the schema can decide; what is missing may also depend on the value of another member. */
const SHAPE = ['invalid_type', 'unknown_parameter'];

function check({ operation, fits }, reply) {
    if (reply.status >= 300) {
        assert.ok(reply.status >= 400 && reply.status < 500, `${reply.status} ${reply.text}`);
        assertError(reply, reply.status, { type: 'invalid_request_error' });
        assertFits(operation.operationId, reply);
        const { code } = reply.json.error;
        if (fits && SHAPE.includes(code))
            assert.fail(`the schema allows what is refused: ${reply.text}`);
        return;
    }
    assert.equal(reply.status, 200);
    assert.notEqual(fits, false, 'the schema forbids what is granted');
    const type = reply.headers['content-type'];
    const isStream = /^text\/event-stream/.test(type);
    if (isStream) assert.match(reply.text, /data: \[DONE\]\n\n$/);
    else if (reply.json) assertFits(operation.operationId, reply);
    else assert.equal(operation.operationId, 'downloadFile', type);
}

/** A few of everything, so that paths lead somewhere from the start. */
async function stock(client, books) {
    for (let i = 0; i < 3; i++) {
        books.learn(await client.beta.assistants.create({ model: 'treadle-extractive',
            instructions: 'Answer.' }));
        const thread = await client.beta.threads.create();
        books.learn(thread);
        books.learn(await client.beta.threads.messages.create(thread.id,
            { role: 'user', content: 'What is a loom?' }));
        books.learn(await client.files.create({ file: upload('a.txt', `A loom ${i} weaves.`),
            purpose: 'assistants' }));
        books.learn(await client.vectorStores.create({}));
    }
}

test('any request at all', async t => {
    t.diagnostic(`TREADLE_SEED=${SEED}`);
    const server = await serve(t);
    const books = library();
    await stock(server.client, books);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const granted = new Set();
    const codes = {};
    const failures = [];
    const end = Date.now() + SECONDS * 1000;
    let count = 0;
    for (; count < MOST && Date.now() < end && failures.length < 5; count++) {
        const one = choose(SEED + count, books);
        let reply;
        try {
            reply = await send(server, agent, one);
            codes[reply.status] = (codes[reply.status] ?? 0) + 1;
            check(one, reply);
        } catch (error) {
            failures.push(`request ${count}: ${one.method} ${one.target.slice(0, 300)}\n`
                + `${JSON.stringify(one.headers)} ${String(one.body).slice(0, 1500)}\n`
                + `-> ${reply?.status} ${reply?.text.slice(0, 500)}\n${error.message}`);
            if (server.stopped) break;
        }
        if (reply?.status !== 200) continue;
        granted.add(one.operation.operationId);
        if (one.method !== 'DELETE') books.learn(reply.json);
    }
    t.diagnostic(`${count} requests: ${JSON.stringify(codes)}; granted ${granted.size} of `
        + `${operations.length} operations`);
    const never = operations.filter(({ operationId: id }) => !granted.has(id));
    t.diagnostic(`never granted: ${never.map(operation => operation.operationId).join(', ')}`);
    assert.ok(!failures.length, `TREADLE_SEED=${SEED}\n${failures.join('\n\n')}\n`
        + `${server.stopped ? server.log.slice(-3000) : ''}`);
    assert.ok(count >= FEWEST, `only ${count} requests in ${SECONDS} s`);
    assert.ok(granted.size >= operations.length * LEAST_KINDS,
        `never granted: ${never.map(operation => operation.operationId).join(', ')}`);
});
