// Clients that use all of a server while some of what they ask for cannot be done: each request
// ends in success, in a clear 500 or 503, or with a connection that was closed, and what was
// acknowledged stands in a ledger.
import assert from 'node:assert/strict';
import { makePdf } from '../api/pdf.mjs';
import { order } from '../crash/model.mjs';
import { Broken } from '../crash/wire.mjs';

export const FINAL = ['completed', 'incomplete', 'failed', 'cancelled', 'expired'];
const TEXT = 'The warp is wound on the back beam with a tension of forty newtons. ';

/** A clear refusal. What is no success, no refusal and no closed connection fails the test. */
export class Refused extends Error {}

export class Ledger {
    objects = new Map();  // path: members that must be there
    files = new Map();    // id: bytes
    gone = new Set();     // paths
    runs = new Set();     // paths of runs
    reading = new Set();  // paths of files in vector stores

    get size() {
        return this.objects.size + this.files.size + this.gone.size + this.runs.size + this.reading.size;
    }

    forget() { for (const each of [this.objects, this.files, this.gone, this.runs, this.reading]) each.clear(); }
}

/** Requests whose refusals are looked at and counted. */
export class Client {
    counts = { done: 0, refused: 0, broken: 0 };

    /** `jumps`: the clock does, so what was made a moment ago may have expired. */
    constructor(wire, refusals = [500, 503], jumps = false) {
        Object.assign(this, { wire, refusals, jumps });
    }

    async read(reply, what) {
        const bytes = await this.wire.bytes(reply);
        if (reply.statusCode === 200) return bytes;
        const text = bytes.toString();
        const shown = `${what}: ${reply.statusCode} ${text}`;
        if (this.jumps && reply.statusCode === 400 && /'expired'|\\"expired/.test(text)) throw new Refused(shown);
        assert.ok(this.refusals.includes(reply.statusCode), shown);
        const { error } = JSON.parse(text);
        assert.equal(error.type, 'server_error', shown);
        assert.ok(error.message.length > 10, shown);
        throw new Refused(shown);
    }

    async bytes(method, path, body, headers = {}) {
        return this.read(await this.wire.send(method, path, body, headers), `${method} ${path}`);
    }

    async call(method, path, value) {
        const body = value === undefined ? undefined : JSON.stringify(value);
        const headers = body ? { 'content-type': 'application/json',
            'content-length': Buffer.byteLength(body) } : {};
        const object = JSON.parse(await this.bytes(method, path, body, headers));
        return object;
    }

    get(path) { return this.call('GET', path); }

    post(path, value) { return this.call('POST', path, value); }

    /** A form with a file, as for /files and the parts of uploads. */
    async form(path, fields, name, bytes) {
        const head = Object.entries(fields).map(([key, value]) => '--B\r\nContent-Disposition: form-data; '
            + `name="${key}"\r\n\r\n${value}\r\n`).join('');
        const body = Buffer.concat([Buffer.from(`${head}--B\r\nContent-Disposition: form-data; `
            + `name="${name}"; filename="a.txt"\r\n\r\n`), bytes, Buffer.from('\r\n--B--\r\n')]);
        return JSON.parse(await this.bytes('POST', path, body,
            { 'content-type': 'multipart/form-data; boundary=B', 'content-length': body.length }));
    }

    /** The names of the frames of a stream; one that ends without its end counts as broken. */
    async stream(path, value) {
        const body = JSON.stringify(value);
        const text = (await this.bytes('POST', path, body, { 'content-type': 'application/json',
            'content-length': Buffer.byteLength(body) })).toString();
        if (!/data: \[DONE\]\n\n$/.test(text) && !/event: error\n/.test(text)) throw new Broken('cut off');
        return text;
    }

    /** One deed; false when it was refused or cut off. */
    async attempt(deed) {
        try {
            await deed();
            this.counts.done++;
            return true;
        } catch (error) {
            if (error instanceof Refused) this.counts.refused++;
            else if (error instanceof Broken) this.counts.broken++;
            else throw error;
            return false;
        }
    }
}

export class Load {
    constructor(client, ledger, random, assistant, label) {
        Object.assign(this, { client, ledger, random, assistant, label, count: 0 });
    }

    tag() { return `${this.label}n${this.count++}`; }

    async make(path, value, kept = value) {
        const made = await this.client.post(path, value);
        this.ledger.objects.set(`${path}/${made.id}`, kept);
        return made;
    }

    async thread() {
        const metadata = { tag: this.tag(), text: 'Kette und Schuß, more than sixteen bytes' };
        const thread = await this.make('/threads', { metadata, messages: [{ role: 'user', content: TEXT }] },
            { metadata });
        const content = `${this.tag()} ${TEXT.repeat(1 + this.random.below(40))}`;
        const message = await this.client.post(`/threads/${thread.id}/messages`, { role: 'user', content });
        this.ledger.objects.set(`/threads/${thread.id}/messages/${message.id}`,
            { content: [{ type: 'text', text: { value: content, annotations: [] } }] });
        const { data } = await this.client.get(`/threads/${thread.id}/messages?limit=10`);
        assert.equal(data.length, 2);
        await this.client.get(`/threads?metadata[tag]=${metadata.tag}`);
        if (this.random.chance(0.2)) {
            const path = `/threads/${thread.id}`;
            for (const key of this.ledger.objects.keys())
                if (key.startsWith(path)) this.ledger.objects.delete(key);
            await this.client.call('DELETE', path);
            this.ledger.gone.add(path);
        }
    }

    async assistantObject() {
        const value = { model: 'slow', name: this.tag(), instructions: TEXT, metadata: { a: 'b' },
            temperature: 0.25, tools: [{ type: 'file_search' }] };
        const made = await this.make('/assistants', value);
        const changed = { ...value, name: this.tag() };
        this.ledger.objects.delete(`/assistants/${made.id}`);
        await this.client.post(`/assistants/${made.id}`, { name: changed.name });
        this.ledger.objects.set(`/assistants/${made.id}`, changed);
        await this.client.get('/assistants?limit=5');
    }

    /** A run that is waited for, with calls of functions half of the time. */
    async run() {
        const script = { tag: this.tag(), pieces: 1 + this.random.below(12), pause: this.random.below(3),
            calls: this.random.below(3) };
        const thread = await this.client.post('/threads',
            { messages: [{ role: 'user', content: order(script) }] });
        const made = await this.client.post(`/threads/${thread.id}/runs`, { assistant_id: this.assistant });
        const path = `/threads/${thread.id}/runs/${made.id}`;
        this.ledger.runs.add(path);
        for (let i = 0; i < 8; i++) {
            const run = await this.client.get(path);
            if (FINAL.includes(run.status)) break;
            if (run.status === 'requires_action')
                await this.client.post(`${path}/submit_tool_outputs`, { tool_outputs:
                    run.required_action.submit_tool_outputs.tool_calls.map(call =>
                        ({ tool_call_id: call.id, output: 'noted' })) });
            await new Promise(done => setTimeout(done, 15));
        }
        await this.client.get(`${path}/steps`);
        await this.client.bytes('GET', `${path}/events?after=2`).catch(error => {
            if (!(error instanceof Refused)) throw error;
        });
    }

    async streamRun() {
        const script = { tag: this.tag(), pieces: 1 + this.random.below(30), pause: 0, calls: 0 };
        await this.client.stream('/threads/runs', { assistant_id: this.assistant, stream: true,
            thread: { messages: [{ role: 'user', content: order(script) }] } });
    }

    async file() {
        const bytes = this.random.chance(0.5) ? Buffer.from(`${this.tag()} ${TEXT.repeat(60)}`)
            : makePdf([[this.tag(), TEXT], ['Second page', TEXT]]);
        const made = await this.client.form('/files', { purpose: 'assistants' }, 'file', bytes);
        this.ledger.files.set(made.id, bytes);
        return made.id;
    }

    async document() {
        const file = await this.file();
        const store = await this.make('/vector_stores', { name: this.tag() });
        await this.client.post(`/vector_stores/${store.id}/files`, { file_id: file });
        this.ledger.reading.add(`/vector_stores/${store.id}/files/${file}`);
        await this.client.get(`/vector_stores/${store.id}/files`);
        const run = await this.client.post('/threads/runs', { assistant_id: this.assistant,
            model: 'treadle-extractive', tools: [{ type: 'file_search' }],
            tool_resources: { file_search: { vector_store_ids: [store.id] } },
            thread: { messages: [{ role: 'user', content: 'What tension has the warp?' }] } });
        this.ledger.runs.add(`/threads/${run.thread_id}/runs/${run.id}`);
    }

    async deleteFile() {
        const id = await this.file();
        this.ledger.files.delete(id);
        await this.client.call('DELETE', `/files/${id}`);
        this.ledger.gone.add(`/files/${id}`);
    }

    async upload() {
        const bytes = Buffer.from(`${this.tag()} ${TEXT.repeat(300)}`);
        const upload = await this.client.post('/uploads', { purpose: 'assistants', filename: 'a.txt',
            bytes: bytes.length, mime_type: 'text/plain' });
        const half = bytes.length >> 1;
        const parts = [];
        for (const part of [bytes.subarray(0, half), bytes.subarray(half)])
            parts.push((await this.client.form(`/uploads/${upload.id}/parts`, {}, 'data', part)).id);
        const done = await this.client.post(`/uploads/${upload.id}/complete`, { part_ids: parts });
        this.ledger.files.set(done.file.id, bytes);
    }

    async ask() {
        const messages = [{ role: 'user', content: order({ tag: this.tag(), pieces: 4, pause: 0 }) }];
        await this.client.post('/chat/completions', { model: 'slow', messages, temperature: 0.5 });
        await this.client.stream('/chat/completions', { model: 'slow', messages, stream: true });
        await this.client.get('/models');
    }

    async embed() {
        const { data } = await this.client.post('/embeddings',
            { model: 'treadle-hash-embedding', input: [TEXT, this.tag()] });
        assert.equal(data.length, 2);
    }

    /** `deeds` deeds by each of `clients` clients, or until it is `over`. */
    async work(clients, deeds) {
        const all = [this.thread, this.thread, this.assistantObject, this.run, this.run, this.streamRun,
            this.document, this.deleteFile, this.upload, this.ask, this.embed];
        await Promise.all(Array.from({ length: clients }, async () => {
            for (let i = 0; i < deeds && !this.over; i++)
                await this.client.attempt(this.random.pick(all).bind(this));
        }));
    }
}

// ---- What must hold once memory is there again ----

async function checkGone(wire, path) {
    const reply = await wire.send('GET', path);
    await wire.bytes(reply);
    assert.equal(reply.statusCode, 404, `${path} is back`);
}

async function checkObject(wire, path, kept) {
    const found = await wire.get(path);
    for (const [name, value] of Object.entries(kept)) {
        if (name === 'tools') assert.equal(found.tools[0].type, value[0].type, path);
        else assert.deepEqual(found[name], value, `${path} ${name}`);
    }
}

/** Everything acknowledged is there, and everything that was begun comes to an end. */
export async function verify(wire, ledger, until) {
    await Promise.all([
        ...[...ledger.objects].map(([path, kept]) => checkObject(wire, path, kept)),
        ...[...ledger.files].map(async ([id, bytes]) =>
            assert.ok(bytes.equals(await wire.content(id)), `${id} has another content`)),
        ...[...ledger.gone].map(path => checkGone(wire, path)),
        ...[...ledger.runs].map(path => until(`${path} ends`, async () => {
            const run = await wire.get(path);
            if (run.status === 'failed') assert.equal(run.last_error.code, 'server_error', path);
            return FINAL.includes(run.status) || run.status === 'requires_action';
        })),
        ...[...ledger.reading].map(path => until(`${path} is read`, async () => {
            const file = await wire.get(path);
            if (file.status === 'failed')
                assert.equal(file.last_error.code, 'server_error', `${path}: ${file.last_error.message}`);
            return file.status !== 'in_progress';
        })),
    ]);
}
