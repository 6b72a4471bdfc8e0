// Whether a sequence of events keeps to the protocol: what follows what, whether each object fits the
// published schemas, and whether deltas merge, by the rules of the SDKs in their strictest reading,
// to exactly what the completed objects say.
//
// A follower takes event by event and throws at the first that is wrong. It may follow a run over
// several streams; { replay } allows deltas that were merged into one.
import assert from 'node:assert/strict';
import Ajv from 'ajv/dist/2020.js';
import { misfits } from './contract.mjs';

const ENDS = ['completed', 'incomplete', 'failed', 'cancelled', 'expired'];
const NEXT = {
    undefined: ['created'],
    created: ['queued'],
    queued: ['in_progress', 'cancelling', 'expired'],
    in_progress: ['requires_action', 'cancelling', ...ENDS],
    requires_action: ['queued', 'cancelling', 'expired'],
    cancelling: ENDS,
};

// ---- Schemas of deltas: of all that the facts of ../contract allow, what is ever sent -------------

const closed = (properties, required = Object.keys(properties)) =>
    ({ type: 'object', properties, required, additionalProperties: false });
const constant = value => ({ const: value });
const text = { type: 'string' };
const count = { type: 'integer', minimum: 0 };
const citation = closed({ index: count, type: constant('file_citation'), text, start_index: count,
    end_index: count, file_citation: closed({ file_id: text, quote: { type: 'string' }, page: count },
        ['file_id', 'quote']) });
const content = { oneOf: [
    closed({ index: count, type: constant('text'), text: closed({ value: text,
        annotations: { type: 'array', items: citation } }, ['value']) }),
    closed({ index: count, type: constant('refusal'), refusal: text }),
] };
const toolCall = { oneOf: [
    closed({ index: count, id: text, type: constant('function'), function: closed({ name: text,
        arguments: text, output: { type: 'null' } }, []) }, ['index', 'type', 'function']),
    closed({ index: count, id: text, type: constant('file_search'), file_search: closed({
        ranking_options: closed({ ranker: text, score_threshold: { type: 'number' } }),
        results: { type: 'array', maxItems: 0 } }) }),
] };
const delta = (object, members) => closed({ id: text, object: constant(object), delta: members });
const ajv = new Ajv({ allErrors: true });
const DELTAS = {
    'thread.message.delta': ajv.compile(delta('thread.message.delta', closed({
        role: constant('assistant'), content: { type: 'array', minItems: 1, items: content } },
    ['content']))),
    'thread.run.step.delta': ajv.compile(delta('thread.run.step.delta', closed({
        step_details: closed({ type: constant('tool_calls'),
            tool_calls: { type: 'array', minItems: 1, items: toolCall } }) }))),
};
const OBJECTS = { thread: 'ThreadObject', 'thread.run': 'RunObject', 'thread.message': 'MessageObject',
    'thread.run.step': 'RunStepObject' };

function checkSchema({ event, data }) {
    const validate = DELTAS[event];
    if (validate) {
        assert.ok(validate(data),
            `${event}: ${JSON.stringify(data)}\n${ajv.errorsText(validate.errors)}`);
        return;
    }
    assert.equal(data.object, event.slice(0, event.lastIndexOf('.')), `the object of ${event}`);
    assert.deepEqual(misfits(OBJECTS[data.object], data), [], event);
}

// ---- Merging --------------------------------------------------------------------------------------

const GROWS = new Set(['value', 'arguments', 'refusal']);
const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);

function mergeArray(into, more, where) {
    assert.ok(into.length + more.length === 0 || more.length > 0, `${where}: [] over what is there`);
    for (const entry of more) {
        const { index } = entry;
        assert.ok(Number.isInteger(index), `${where}: an entry without index`);
        assert.ok(index <= into.length, `${where}: a gap before ${index}`);
        if (index === into.length) into.push({});
        mergeObject(into[index], entry, `${where}[${index}]`);
    }
}

/** Adds a delta to what is there. Nothing but texts that grow may come twice. */
function mergeObject(into, more, where = '') {
    for (const [key, value] of Object.entries(more)) {
        const at = `${where}.${key}`;
        const known = into[key];
        if (key === 'index' || key === 'type') {
            assert.ok(known === undefined || known === value, `${at} turns from ${known} to ${value}`);
            into[key] = value;
        } else if (Array.isArray(value)) {
            if (known === undefined) into[key] = [];
            mergeArray(into[key], value, at);
        } else if (isObject(value)) {
            if (known === undefined) into[key] = {};
            mergeObject(into[key], value, at);
        } else if (known === undefined || known === null) {
            into[key] = value;
        } else {
            assert.ok(value !== null, `${at}: null over ${JSON.stringify(known)}`);
            assert.ok(GROWS.has(key) && typeof known === 'string', `${at} comes twice`);
            into[key] = known + value;
        }
    }
}

const without = (object, ...names) =>
    Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

/** Content as merged, in the form of a whole message. */
function wholeContent(parts) {
    return parts.map(part => {
        if (!part.text) return without(part, 'index');
        const annotations = part.text.annotations.map(annotation => without(annotation, 'index'));
        return { type: part.type, text: { value: part.text.value, annotations } };
    });
}

// ---- Events -----------------------------------------------------------------------------------------

/** What is the same in all events of a run's beginning. */
const comparable = run => without(run, 'status', 'started_at');

export class Follower {
    constructor({ replay = false, submission = false } = {}) {
        this.replay = replay;
        this.number = -1;
        this.events = [];
        this.status = submission ? 'requires_action' : undefined;
        this.run = undefined;
        this.steps = new Map(); // those that are under way, by id
        this.message = undefined; // the one that is under way
        this.messages = [];
        this.finalSteps = [];
    }

    take(frame) {
        assert.ok(frame.number > this.number, `${frame.event}: ${frame.number} after ${this.number}`);
        this.number = frame.number;
        checkSchema(frame);
        const data = structuredClone(frame.data);
        const [, kind, what] = /^(thread|thread\.run|thread\.run\.step|thread\.message)\.([a-z_]+)$/
            .exec(frame.event) ?? assert.fail(`an unknown event: ${frame.event}`);
        ({ thread: () => this.takeThread(data, what), 'thread.run': () => this.takeRun(data, what),
            'thread.run.step': () => this.takeStep(data, what),
            'thread.message': () => this.takeMessage(data, what) })[kind]();
        this.events.push(frame);
    }

    takeAll(frames) {
        for (const frame of frames) this.take(frame);
        return this;
    }

    takeThread(thread, what) {
        assert.equal(what, 'created');
        assert.equal(this.events.length, 0, 'thread.created is the first event');
        this.thread = thread;
    }

    takeRun(run, what) {
        assert.ok((NEXT[this.status] ?? []).includes(what), `run.${what} after run.${this.status}`);
        assert.equal(run.status, what === 'created' ? 'queued' : what);
        if (this.run) {
            assert.equal(run.id, this.run.id);
            if (this.status === 'created' || (this.status === 'queued' && what === 'in_progress'))
                assert.deepEqual(comparable(run), comparable(this.run), `run.${what} says otherwise`);
        }
        const over = ENDS.includes(what);
        assert.equal(run.expires_at === null, over, `expires_at of run.${what}`);
        assert.equal(run.usage === null, !over, `usage of run.${what}`);
        assert.equal(run.required_action === null, what !== 'requires_action');
        if (what === 'requires_action') this.checkAction(run);
        if (over || what === 'requires_action')
            assert.equal(this.message, undefined, 'a message is open');
        if (over) assert.equal(this.steps.size, 0, 'a step is open');
        this.status = what;
        this.run = run;
    }

    checkAction(run) {
        const called = [...this.steps.values()].flatMap(step => step.step_details.tool_calls ?? [])
            .filter(one => one.type === 'function')
            .map(one => ({ id: one.id, type: 'function', function: { name: one.function.name,
                arguments: one.function.arguments } }));
        assert.deepEqual(run.required_action, { type: 'submit_tool_outputs',
            submit_tool_outputs: { tool_calls: called } });
    }

    takeStep(step, what) {
        const known = this.steps.get(step.id);
        if (what === 'created') {
            assert.equal(known, undefined, `${step.id} is created twice`);
            assert.equal(this.steps.size, 0, 'a step is open');
            assert.equal(step.status, 'in_progress');
            if (step.type === 'tool_calls') assert.deepEqual(step.step_details.tool_calls, []);
            this.steps.set(step.id, { ...step, begun: false });
        } else if (what === 'in_progress') {
            assert.ok(known && !known.begun, 'step.in_progress follows step.created');
            assert.deepEqual({ ...step, begun: false }, known);
            known.begun = true;
        } else if (what === 'delta') {
            this.takeStepDelta(known, step);
        } else {
            this.endStep(known, step, what);
        }
    }

    takeStepDelta(known, { delta: { step_details: more } }) {
        assert.ok(known?.begun, 'a delta of a step that was not begun in this stream');
        assert.equal(known.type, 'tool_calls', 'message steps have no deltas');
        for (const one of more.tool_calls) {
            const first = one.index === known.step_details.tool_calls.length;
            assert.equal(one.id !== undefined, first, 'the id comes with the first delta of a call');
            if (first && one.function) {
                assert.ok(one.function.name, 'the name comes with the first delta of a call');
                assert.equal(one.function.output, null);
                if (!this.replay) assert.equal(one.function.arguments, '');
            }
        }
        mergeObject(known.step_details, more, 'step_details');
    }

    endStep(known, step, what) {
        assert.ok(['completed', 'failed', 'cancelled', 'expired'].includes(what), `step.${what}`);
        assert.equal(step.status, what);
        assert.notEqual(step[`${what}_at`], null, `${what}_at`);
        assert.ok(known || step.type === 'tool_calls', 'a message step of an earlier stream');
        if (known) {
            assert.ok(known.begun);
            if (known.type === 'message_creation') {
                assert.deepEqual(step.step_details, known.step_details);
                assert.equal(this.message, undefined, 'the message ends before its step');
            } else {
                const bare = list => list.map(one => (one.function
                    ? { ...one, function: { ...one.function, output: null } }
                    : { ...one, file_search: { ...one.file_search, results: [] } }));
                assert.deepEqual(bare(step.step_details.tool_calls),
                    bare(known.step_details.tool_calls.map(one => without(one, 'index'))));
            }
        }
        this.steps.delete(step.id);
        this.finalSteps.push(step);
    }

    takeMessage(message, what) {
        if (what === 'created') {
            assert.equal(this.message, undefined, 'two messages are open');
            assert.ok(!this.messages.some(one => one.id === message.id), 'an id comes twice');
            assert.deepEqual([message.status, message.content, message.role],
                ['in_progress', [], 'assistant']);
            const [step] = this.steps.values();
            assert.equal(step?.step_details.message_creation?.message_id, message.id);
            this.message = { ...message, begun: false, deltas: 0 };
            return;
        }
        assert.equal(this.message?.id, message.id, `message.${what} of a message that is not open`);
        if (what === 'in_progress') {
            assert.ok(!this.message.begun);
            assert.deepEqual({ ...message, begun: false, deltas: 0 }, this.message);
            this.message.begun = true;
        } else if (what === 'delta') {
            assert.ok(this.message.begun, 'a delta before message.in_progress');
            this.takeMessageDelta(message.delta);
        } else {
            this.endMessage(message, what);
        }
    }

    takeMessageDelta(more) {
        const parts = this.message.content;
        this.message.deltas++;
        for (const part of more.content) {
            const first = part.index === parts.length;
            assert.ok(part.index >= parts.length - 1, 'a part continues after the next one began');
            if (part.text && first) assert.ok(part.text.annotations, 'the first delta has annotations');
            if (part.text && !first && part.text.annotations)
                assert.ok(part.text.annotations.length, 'later deltas have no empty annotations');
            if (part.text?.annotations?.length && !this.replay)
                assert.deepEqual(part.text.annotations.map(one => one.text), [part.text.value],
                    'a citation is a delta of its own');
        }
        mergeArray(parts, more.content, 'content');
        for (const { text: { value, annotations } = {} } of parts)
            for (const one of annotations ?? [])
                assert.equal([...value].slice(one.start_index, one.end_index).join(''), one.text);
    }

    endMessage(message, what) {
        assert.ok(['completed', 'incomplete'].includes(what), `message.${what}`);
        assert.equal(message.status, what);
        assert.notEqual(message[`${what}_at`], null);
        assert.equal(message.incomplete_details === null, what === 'completed');
        assert.ok(this.message.deltas > 0, 'a message without a delta');
        assert.deepEqual(wholeContent(this.message.content), message.content);
        this.messages.push(message);
        this.message = undefined;
    }
}

/** A whole stream, checked; gives its follower. */
export async function checked(reply, options) {
    const follower = new Follower(options);
    for (let frame = await reply.next(); frame; frame = await reply.next())
        if (frame.event !== 'done') follower.take(frame);
    assert.ok([...ENDS, 'requires_action'].includes(follower.status),
        `the stream is done at ${follower.status}`);
    return follower;
}

/** Events with the deltas that follow each other merged: what must be equal however they were cut. */
export function folded(frames) {
    const out = [];
    for (const { event, data } of structuredClone(frames)) {
        const last = out.at(-1);
        if (!data.delta) {
            out.push({ event, data });
            continue;
        }
        if (last?.event !== event || last.data.id !== data.id)
            out.push({ event, data: { ...data, delta: {} } });
        const { role: _, ...more } = data.delta;
        mergeObject(out.at(-1).data.delta, more);
    }
    return out;
}
