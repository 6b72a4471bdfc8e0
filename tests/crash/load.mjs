// The clients that work until the server is killed, and the ledger in which they write what it
// acknowledged. Each is a loop that ends when its connection breaks; anything else that goes wrong
// fails the round.
import assert from 'node:assert/strict';
import { answerTo, order } from './model.mjs';
import { Broken } from './wire.mjs';

const FINAL = ['completed', 'incomplete', 'failed', 'cancelled', 'expired'];
const TEXTS = ['plain', 'Kette und Schuß', '織機 😀', '"quoted" \\ back\nslash', 'x'.repeat(3000)];

export const isFinal = status => FINAL.includes(status);

/** All that the server said it has, in one store. */
export class Ledger {
    threads = new Set();
    messages = new Map(); // by id: { thread, text, deleted: undefined, 'asked' or 'done' }
    attempts = new Set(); // texts of all messages that were sent, acknowledged or not
    runs = new Map();     // by id, see `note`
    files = new Map();    // by id: { bytes, deleted }

    note(run, script) {
        if (!this.runs.has(run.id))
            this.runs.set(run.id, { id: run.id, thread: run.thread_id, script, status: run.status,
                cancel: undefined, outputs: undefined, frames: [], text: '', seen: [] });
        return this.runs.get(run.id);
    }
}

/** What the clients of one round share. */
export class Load {
    over = false;

    constructor({ wire, ledger, random, assistant, slow }) {
        Object.assign(this, { wire, ledger, random, assistant, slow });
        this.prefix = `r${random.below(2 ** 31).toString(36)}`;
        this.count = 0;
    }

    tag() { return `${this.prefix}n${this.count++}`; }

    /** A moment between two deeds. */
    pause(most) {
        return new Promise(done => setTimeout(done, this.random.below(this.slow ? most * 6 : most)));
    }

    script(calls = 0) {
        const { random, slow } = this;
        return { tag: this.tag(), calls, pieces: slow && random.chance(0.7) ? 1000 : 1 + random.below(12),
            pause: random.below(12) };
    }

    async until(client) {
        try {
            while (!this.over) await client.call(this);
        } catch (error) {
            if (!(error instanceof Broken)) throw error;
        }
    }

    /** All clients; settles when each has noticed that the server is gone. */
    work() {
        return Promise.all([this.write, this.write, this.stream, this.stream, this.askPlainly,
            this.askPlainly, this.callFunctions, this.callFunctions, this.keepFiles]
            .map(client => this.until(client)));
    }

    // ---- Deeds ----

    async makeThread(messages = []) {
        for (const message of messages) this.ledger.attempts.add(message.content);
        const thread = await this.wire.post('/threads', { messages });
        this.ledger.threads.add(thread.id);
        return thread.id;
    }

    async addMessage(thread, content) {
        this.ledger.attempts.add(content);
        const made = await this.wire.post(`/threads/${thread}/messages`, { role: 'user', content });
        this.ledger.messages.set(made.id, { thread, text: content });
        return made.id;
    }

    /** Whatever ends up on the record of a run: its status, as far as it was seen. */
    see(run, object) {
        run.status = object.status;
        return run;
    }

    /** Takes a frame down; `script` is what its run is about. Gives the run, once it is known. */
    take(frame, script, known) {
        const object = frame.name === 'done' ? null : JSON.parse(frame.data);
        let run = known;
        if (frame.name === 'thread.created') this.ledger.threads.add(object.id);
        else if (object?.object === 'thread.run') run = this.see(this.ledger.note(object, script), object);
        if (run) run.frames.push({ number: frame.number, name: frame.name });
        if (frame.name === 'thread.message.delta') {
            run.text += object.delta.content[0].text.value;
            run.seen.push([Date.now(), run.text.length]);
        }
        return run;
    }

    /**
     * Follows a stream to its end, or leaves it now and then and continues where it left it.
     * `known` is the run whose outputs the request brings.
     */
    async follow(method, path, body, script, known) {
        let run = known;
        let left = this.random.chance(0.3) ? 1 + this.random.below(20) : Infinity;
        for await (const frame of this.wire.stream(method, path, body)) {
            run = this.take(frame, script, run);
            if (known?.attempted) known.outputs = known.attempted;
            if (run && frame.name !== 'done' && --left <= 0) break;
        }
        if (left <= 0)
            for await (const frame of this.wire.stream('GET',
                `/threads/${run.thread}/runs/${run.id}/events?after=${run.frames.at(-1).number}`))
                this.take(frame, script, run);
        assert.equal(run.frames.at(-1).name, 'done', run.id);
        if (run.status === 'completed') assert.equal(run.text, answerTo(script), run.id);
        return run;
    }

    async cancel(run) {
        run.cancel = 'asked';
        try {
            await this.wire.post(`/threads/${run.thread}/runs/${run.id}/cancel`);
            run.cancel = 'done';
        } catch (error) {
            // A request that comes too late is refused; the run has ended then.
            if (!/Cannot cancel run/.test(error.message)) throw error;
            run.cancel = 'refused';
        }
    }

    outputsFor(required) {
        return required.submit_tool_outputs.tool_calls.map(call =>
            ({ tool_call_id: call.id, output: `noted ${this.tag()}` }));
    }

    async submit(run, required) {
        const outputs = this.outputsFor(required);
        const path = `/threads/${run.thread}/runs/${run.id}/submit_tool_outputs`;
        run.attempted = outputs;
        if (this.random.chance(0.5)) {
            await this.follow('POST', path, { tool_outputs: outputs, stream: true }, run.script, run);
        } else {
            this.see(run, await this.wire.post(path, { tool_outputs: outputs }));
            run.outputs = outputs;
        }
    }

    async look(run) {
        const object = await this.wire.get(`/threads/${run.thread}/runs/${run.id}`);
        this.see(run, object);
        return object;
    }

    // ---- Clients ----

    async write() {
        const thread = await this.makeThread();
        const ids = [];
        for (let i = this.random.below(12); i >= 0; i--) {
            ids.push(await this.addMessage(thread, `${this.tag()} ${this.random.pick(TEXTS)}`));
            await this.pause(8);
        }
        if (this.random.chance(0.3)) {
            const message = this.ledger.messages.get(ids[0]);
            message.deleted = 'asked';
            await this.wire.call('DELETE', `/threads/${thread}/messages/${ids[0]}`);
            message.deleted = 'done';
        }
    }

    async stream() {
        const script = this.script();
        const message = { role: 'user', content: order(script) };
        const body = { assistant_id: this.assistant, stream: true };
        if (this.random.chance(0.5)) {
            this.ledger.attempts.add(message.content);
            await this.follow('POST', '/threads/runs', { ...body, thread: { messages: [message] } }, script);
        } else {
            const thread = await this.makeThread([message]);
            await this.follow('POST', `/threads/${thread}/runs`, body, script);
        }
        await this.pause(10);
    }

    async askPlainly() {
        const script = this.script();
        const thread = await this.makeThread([{ role: 'user', content: order(script) }]);
        const run = this.ledger.note(await this.wire.post(`/threads/${thread}/runs`,
            { assistant_id: this.assistant }), script);
        for (let i = this.random.below(8); i >= 0 && !isFinal(run.status); i--) {
            await this.pause(25);
            await this.look(run);
        }
        if (!isFinal(run.status) && this.random.chance(0.4)) await this.cancel(run);
    }

    async callFunctions() {
        const { random } = this;
        const script = this.script(1 + random.below(3));
        const thread = await this.makeThread([{ role: 'user', content: order(script) }]);
        const body = { assistant_id: this.assistant, stream: random.chance(0.5) };
        const run = body.stream
            ? await this.follow('POST', `/threads/${thread}/runs`, body, script)
            : this.ledger.note(await this.wire.post(`/threads/${thread}/runs`, body), script);
        let object = await this.look(run);
        for (; !isFinal(object.status) && object.status !== 'requires_action';) {
            await this.pause(20);
            object = await this.look(run);
        }
        await this.pause(20);
        if (object.status !== 'requires_action' || random.chance(0.3)) return;
        if (random.chance(0.2)) await this.cancel(run);
        else await this.submit(run, object.required_action);
    }

    async keepFiles() {
        const bytes = Buffer.from(`${this.tag()} ${'text '.repeat(this.random.below(4000))}`);
        const made = await this.wire.upload(`${this.tag()}.txt`, bytes);
        const file = { bytes };
        this.ledger.files.set(made.id, file);
        await this.pause(20);
        if (!this.random.chance(0.3)) return;
        file.deleted = 'asked';
        await this.wire.call('DELETE', `/files/${made.id}`);
        file.deleted = 'done';
    }
}
