// Streams of events as they come over the wire, read strictly: whatever is not exactly a frame, a
// heartbeat or the end of the stream is an error.
import http from 'node:http';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { assertReplyFits } from './schema.mjs';
import { within } from './harness.mjs';

const FRAME = /^id: (0|[1-9][0-9]*)\nevent: ([a-z]+(?:[._][a-z]+)*)\ndata: ([^\n\r]*)$/;
const DONE = 'event: done\ndata: [DONE]';
const HEARTBEAT = /^:[^\n\r]*(\n:[^\n\r]*)*$/;
const PATIENCE = 30000;

/** { number, event, data } of a block; undefined for a heartbeat. */
function parseBlock(block) {
    if (block === DONE) return { event: 'done' };
    const [, number, event, data] = FRAME.exec(block) ?? [];
    if (event) return { number: Number(number), event, data: JSON.parse(data) };
    assert.match(block, HEARTBEAT, `neither a frame nor a heartbeat: ${JSON.stringify(block)}`);
    return undefined;
}

class EventReply {
    constructor(sent, reply) {
        this.status = reply.statusCode;
        this.headers = reply.headers;
        this.heartbeats = 0;
        this.frames = [];
        this.finished = false;
        this.sent = sent;
        this.reply = reply;
        this.blocks = this.read();
    }

    async* read() {
        let rest = '';
        for await (const piece of this.reply.setEncoding('utf8')) {
            const blocks = (rest + piece).split('\n\n');
            rest = blocks.pop();
            yield* blocks;
        }
        assert.equal(rest, '', 'the stream ends within a frame');
    }

    /** The next frame; { event: 'done' } is the last, and null what follows it. */
    async next() {
        for (;;) {
            const { value, done } = await within(PATIENCE, 'the next event', this.blocks.next());
            if (done) {
                assert.ok(this.finished, 'the stream ends without done');
                return null;
            }
            assert.ok(!this.finished, `something follows done: ${value}`);
            const frame = parseBlock(value);
            if (frame) {
                this.finished = frame.event === 'done';
                if (!this.finished) this.frames.push(frame);
                return frame;
            }
            this.heartbeats++;
        }
    }

    /** Reads on until a frame is as wanted, and gives it. */
    async until(wanted) {
        const fits = typeof wanted === 'string' ? frame => frame.event === wanted : wanted;
        for (;;) {
            const frame = await this.next();
            assert.ok(frame, `the stream ends before ${wanted}`);
            if (fits(frame)) return frame;
        }
    }

    /** Reads to the end; gives all numbered frames of the stream. */
    async all() {
        while (await this.next());
        return this.frames;
    }

    /** Breaks the connection off. */
    close() {
        this.reply.on('error', () => {});
        this.sent.destroy();
    }
}

/**
 * Sends a request that is answered with a stream, and gives the reply once its head is there. A
 * reply that is no stream has `json`, as those of the harness.
 */
export async function openEvents(server, method, target, value, headers = {}) {
    const { hostname, port } = new URL(server.url);
    const sent = http.request({ hostname, port, method, path: target, agent: false,
        headers: { 'treadle-event-ids': 'true', ...headers,
            ...value !== undefined && { 'content-type': 'application/json' } } });
    sent.end(value === undefined ? undefined : JSON.stringify(value));
    const [reply] = await within(PATIENCE, `${method} ${target}`, once(sent, 'response'));
    sent.on('error', () => {});
    if (/^text\/event-stream/.test(reply.headers['content-type'] ?? '')) {
        assert.equal(reply.statusCode, 200);
        assert.equal(reply.headers['content-type'], 'text/event-stream; charset=utf-8');
        assert.match(reply.headers['x-request-id'] ?? '', /^req_[0-9a-f]{32}$/);
        return new EventReply(sent, reply);
    }
    let text = '';
    for await (const piece of reply.setEncoding('utf8')) text += piece;
    const json = JSON.parse(text);
    assertReplyFits(method, target, { status: reply.statusCode, json });
    return { status: reply.statusCode, headers: reply.headers, text, json };
}

/** The same where anything but a stream is a failure. */
export async function stream(...parameters) {
    const reply = await openEvents(...parameters);
    assert.ok(reply.frames, `no stream but ${reply.status} ${reply.text}`);
    return reply;
}

/** The stream of a run's events after the event of that number. */
export const follow = (server, run, after, headers) => stream(server, 'GET',
    `/v1/threads/${run.thread_id}/runs/${run.id}/events${after === undefined ? '' : `?after=${after}`}`,
    undefined, headers);
