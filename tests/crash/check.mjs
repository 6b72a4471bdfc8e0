// What must hold after a start that follows a kill, for all that the ledger knows.
import assert from 'node:assert/strict';
import { until } from '../api/harness.mjs';
import { answerTo, order } from './model.mjs';
import { isFinal } from './load.mjs';

// Text under way is written every second at the latest; the rest is for a machine that is busy.
const WRITTEN_MS = 1000 + 500;

/** No run is at work any more: what was queued has been carried out. */
export async function settle(wire) {
    await until('all runs have settled', async () => {
        for (const status of ['queued', 'in_progress', 'cancelling'])
            if ((await wire.get(`/runs?status=${status}&limit=1`)).data.length) return false;
        return true;
    }, 60000);
}

function checkStatus(run, object) {
    const { status } = object;
    const shown = `${run.id} is ${status}, was seen ${run.status}: ${JSON.stringify(object.last_error)}`;
    assert.ok(isFinal(status) || status === 'requires_action', shown);
    if (isFinal(run.status)) assert.equal(status, run.status, shown);
    if (run.mustComplete) assert.equal(status, 'completed', shown);
    // A run may still get to its end while it is being cancelled.
    if (run.cancel === 'done')
        assert.ok(['cancelled', 'completed', 'incomplete'].includes(status), shown);
    if (run.outputs) assert.notEqual(status, 'requires_action', shown);
    if (run.status === 'requires_action' && !run.attempted && !run.cancel)
        assert.equal(status, 'requires_action', shown);
    if (status === 'cancelled') assert.ok(run.cancel, shown);
    if (status === 'failed') assert.equal(object.last_error.code, 'server_error', shown);
    assert.equal(object.expires_at === null, isFinal(status), shown);
    const calls = object.required_action?.submit_tool_outputs.tool_calls ?? [];
    assert.equal(calls.length, status === 'requires_action' ? run.script.calls : 0, shown);
}

function checkSteps(run, object, steps) {
    for (const step of steps) {
        const calls = step.step_details.tool_calls;
        const waits = object.status === 'requires_action' && calls;
        assert.equal(step.status === 'in_progress', Boolean(waits), `${step.id} is ${step.status}`);
        if (calls && run.outputs)
            assert.deepEqual(calls.map(call => ({ tool_call_id: call.id, output: call.function.output })),
                run.outputs, step.id);
    }
}

/** The message that the run wrote, if it came so far. */
function checkAnswer(run, object, message, said) {
    const whole = answerTo(run.script);
    const text = message?.content[0]?.text.value ?? '';
    const shown = `${message?.id} of ${run.id}, ${object.status}`;
    if (object.status === 'completed') {
        assert.equal(message.status, 'completed', shown);
        assert.equal(text, whole, shown);
    } else if (message) {
        assert.equal(message.status, 'incomplete', shown);
        assert.equal(message.incomplete_details.reason, `run_${object.status}`, shown);
    }
    assert.ok(whole.startsWith(text), `${shown}: ${text}`);
    assert.ok(text.length <= (said.get(run.script.tag) ?? 0), `${shown} holds what nobody said`);
    const due = run.seen.findLast(([at]) => at <= run.killedAt - WRITTEN_MS)?.[1] ?? 0;
    assert.ok(text.length >= due, `${shown} holds ${text.length} characters, ${due} were due`);
}

const textOf = frames => frames.filter(frame => frame.name === 'thread.message.delta')
    .map(frame => JSON.parse(frame.data).delta.content[0].text.value).join('');

/** The frames that are no pieces. */
const states = frames => frames.filter(frame => !frame.name.endsWith('.delta'))
    .map(frame => [frame.number, frame.name]);

/** The log of the run's events: in order, whole, and the same that was streamed before. */
async function checkEvents(wire, run, object, message) {
    const path = `/threads/${run.thread}/runs/${run.id}/events`;
    const frames = [];
    for await (const frame of wire.stream('GET', path)) frames.push(frame);
    const shown = () => `${run.id}: ${frames.map(f => `${f.number} ${f.name}`).join(', ')}`;
    const numbered = frames.filter(frame => frame.number !== null);
    for (let i = 1; i < numbered.length; i++)
        assert.ok(numbered[i].number > numbered[i - 1].number, shown());
    assert.deepEqual(frames.slice(-2).map(frame => frame.name), [`thread.run.${object.status}`, 'done'],
        shown());
    assert.equal(JSON.parse(frames.at(-2).data).status, object.status);
    assert.equal(textOf(frames), message?.content[0]?.text.value ?? '', shown());
    const names = new Map(numbered.map(frame => [frame.number, frame.name]));
    for (const [number, name] of states(run.frames))
        if (number !== null) assert.equal(names.get(number), name, `${number} of ${shown()}`);
    const middle = numbered[Math.floor(numbered.length / 2)].number;
    const rest = [];
    for await (const frame of wire.stream('GET', `${path}?after=${middle}`)) rest.push(frame);
    // Pieces of text may come merged otherwise, since they start elsewhere.
    assert.deepEqual(states(rest), states(frames).filter(([number]) => number === null || number > middle),
        shown());
    assert.ok(textOf(frames).endsWith(textOf(rest)), shown());
}

async function checkRun(wire, run, said, killedAt) {
    const path = `/threads/${run.thread}/runs/${run.id}`;
    const [object, steps, messages] = await Promise.all([wire.get(path), wire.list(`${path}/steps`),
        wire.list(`/threads/${run.thread}/messages?run_id=${run.id}`)]);
    assert.ok(messages.length <= 1, `${run.id} wrote ${messages.length} messages`);
    checkStatus(run, object);
    checkSteps(run, object, steps);
    run.killedAt ??= killedAt; // later kills cannot take anything from it
    checkAnswer(run, object, messages[0], said);
    await checkEvents(wire, run, object, messages[0]);
    run.status = object.status;
    run.required = object.required_action;
}

/** The thread holds what was acknowledged, and nothing that nobody sent. */
async function checkThread(wire, ledger, thread) {
    const found = new Map();
    for (const message of await wire.list(`/threads/${thread}/messages`)) {
        assert.notEqual(message.status, 'in_progress', message.id);
        const text = message.content[0]?.text.value ?? '';
        found.set(message.id, text);
        if (message.role === 'user') assert.ok(ledger.attempts.has(text), `${message.id}: ${text}`);
    }
    for (const [id, { thread: of, text, deleted }] of ledger.messages) {
        if (of !== thread) continue;
        if (deleted !== 'done' && !(deleted === 'asked' && !found.has(id)))
            assert.equal(found.get(id), text, id);
        if (deleted === 'done') assert.ok(!found.has(id), `${id} is back`);
    }
}

async function checkFile(wire, id, { bytes, deleted }) {
    if (deleted === 'done') {
        await wire.call('GET', `/files/${id}`, undefined, 404);
    } else {
        try {
            assert.ok(bytes.equals(await wire.content(id)), `${id} has another content`);
        } catch (error) {
            if (deleted !== 'asked' || !/ 404 /.test(error.message)) throw error;
        }
    }
}

/** Everything in the ledger that is in `part`, which is a function of an id. */
export async function check(wire, ledger, { part, said, killedAt }) {
    const all = [];
    for (const run of ledger.runs.values())
        if (part(run.thread)) all.push(checkRun(wire, run, said, killedAt));
    for (const thread of ledger.threads)
        if (part(thread)) all.push(checkThread(wire, ledger, thread));
    for (const [id, file] of ledger.files)
        if (part(id)) all.push(checkFile(wire, id, file));
    await Promise.all(all);
    return all.length;
}

/** A thread whose run waits accepts its outputs and continues; any other accepts messages and runs. */
export async function goOn(wire, ledger, load, thread, assistant) {
    const runs = await wire.list(`/threads/${thread}/runs`);
    const waiting = runs.find(run => run.status === 'requires_action');
    for (const run of runs)
        assert.ok(isFinal(run.status) || run === waiting, `${run.id} is ${run.status}`);
    if (waiting) {
        const run = ledger.runs.get(waiting.id);
        if (!run || load.random.chance(0.5)) return; // it must wait through the next kill as well
        const outputs = load.outputsFor(waiting.required_action);
        await wire.post(`/threads/${thread}/runs/${run.id}/submit_tool_outputs`, { tool_outputs: outputs });
        Object.assign(run, { outputs, attempted: outputs, status: 'queued', mustComplete: true });
        return;
    }
    const script = { tag: load.tag(), pieces: 3, pause: 0, calls: 0 };
    await load.addMessage(thread, order(script));
    if (load.random.chance(0.5)) return;
    const run = ledger.note(await wire.post(`/threads/${thread}/runs`, { assistant_id: assistant }), script);
    run.mustComplete = true;
}
