// The checker of streams itself: it passes what keeps to the protocol and sees each fault in it.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { Follower, folded } from './protocol.mjs';
import { stream } from './sse.mjs';
import { transcript } from './transcript.mjs';

const RUN = { id: 'run_1', object: 'thread.run', created_at: 1, assistant_id: 'asst_1',
    thread_id: 'thread_1', status: 'queued', started_at: null, expires_at: 601, cancelled_at: null,
    failed_at: null, completed_at: null, required_action: null, last_error: null, model: 'm',
    instructions: 'x', tools: [], tool_resources: {}, metadata: {}, temperature: 1, top_p: 1,
    reasoning_effort: null, max_completion_tokens: null, max_prompt_tokens: null,
    incomplete_details: null, usage: null, truncation_strategy: { type: 'auto', last_messages: null },
    response_format: 'auto', tool_choice: 'auto', parallel_tool_calls: true };
const USAGE = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
const STEP = { object: 'thread.run.step', created_at: 1, assistant_id: 'asst_1',
    thread_id: 'thread_1', run_id: 'run_1', status: 'in_progress', last_error: null, expired_at: null,
    cancelled_at: null, failed_at: null, completed_at: null, expires_at: 601, metadata: {}, usage: null };
const MESSAGE = { object: 'thread.message', created_at: 1, thread_id: 'thread_1',
    status: 'in_progress', incomplete_details: null, completed_at: null, incomplete_at: null,
    role: 'assistant', content: [], assistant_id: 'asst_1', run_id: 'run_1', attachments: [],
    metadata: {} };
const MARKER = '【0:0†a.txt】';

const run = (what, more = {}) => [`thread.run.${what}`,
    { ...RUN, status: what === 'created' ? 'queued' : what, ...more }];
const start = [run('created'), run('queued'), run('in_progress', { started_at: 1 })];
const end = what => run(what, { started_at: 1, expires_at: null, usage: USAGE, [`${what}_at`]: 1 });
const step = (what, id, details, more = {}) => [`thread.run.step.${what}`, { ...STEP, id,
    type: details.type, step_details: details, ...more }];
const ended = { status: 'completed', completed_at: 1, expires_at: null, usage: USAGE };
const creation = id => ({ type: 'message_creation', message_creation: { message_id: id } });
const message = (what, id, more = {}) => [`thread.message.${what}`, { ...MESSAGE, id, ...more }];
const said = (id, ...content) => ['thread.message.delta',
    { id, object: 'thread.message.delta', delta: { content } }];
const text = (value, annotations) => ({ index: 0, type: 'text',
    text: annotations ? { value, annotations } : { value } });
const citation = { type: 'file_citation', text: MARKER, start_index: 3, end_index: 3 + MARKER.length };
const called = (id, ...calls) => ['thread.run.step.delta', { id, object: 'thread.run.step.delta',
    delta: { step_details: { type: 'tool_calls', tool_calls: calls } } }];
const first = (index, id) => ({ index, id, type: 'function',
    function: { name: 'f', arguments: '', output: null } });
const piece = (index, fragment) => ({ index, type: 'function', function: { arguments: fragment } });
const whole = (value, annotations = []) => ({ content: [{ type: 'text', text: { value, annotations } }] });
const tools = calls => ({ type: 'tool_calls', tool_calls: calls });
const complete = (id, args) => ({ id, type: 'function', function: { name: 'f', arguments: args } });

/** A message that cites, as a list of events. */
const speaking = [...start,
    step('created', 'step_1', creation('msg_1')), step('in_progress', 'step_1', creation('msg_1')),
    message('created', 'msg_1'), message('in_progress', 'msg_1'),
    said('msg_1', text('Hé', [])), said('msg_1', text('!')),
    said('msg_1', text(MARKER, [{ index: 0, ...citation, file_citation: { file_id: 'file-1', quote: '' } }])),
    said('msg_1', text('.')),
    message('completed', 'msg_1', { status: 'completed', completed_at: 1,
        ...whole(`Hé!${MARKER}.`, [{ ...citation, file_citation: { file_id: 'file-1', quote: '' } }]) }),
    step('completed', 'step_1', creation('msg_1'), ended), end('completed')];
/** Two calls. */
const calling = [...start, step('created', 'step_1', tools([])), step('in_progress', 'step_1', tools([])),
    called('step_1', first(0, 'call_a')), called('step_1', piece(0, '{"a"')),
    called('step_1', first(1, 'call_b')), called('step_1', piece(0, ':1}')), called('step_1', piece(1, '{}')),
    run('requires_action', { started_at: 1, required_action: { type: 'submit_tool_outputs',
        submit_tool_outputs: { tool_calls: [complete('call_a', '{"a":1}'), complete('call_b', '{}')] } } })];

const numbered = list => structuredClone(list).map(([event, data], number) => ({ number, event, data }));
const follow = (list, options) => new Follower(options).takeAll(numbered(list));
const at = (list, event, nth = 0) =>
    list.map(([name], i) => (name === event ? i : -1)).filter(i => i >= 0)[nth];
const DELTA = 'thread.message.delta';
const CALL = 'thread.run.step.delta';

test('what keeps to the protocol passes', () => {
    assert.equal(follow(speaking).messages.length, 1);
    assert.equal(follow(calling).status, 'requires_action');
    follow([step('completed', 'step_1', tools([complete('call_a', '{}')].map(one =>
        ({ ...one, function: { ...one.function, output: 'x' } }))), ended),
    run('queued', { started_at: 1 }), run('in_progress', { started_at: 2 }), end('completed')],
    { submission: true });
});

test('faults are seen', async t => {
    /** The list with what stands at `index` changed, taken away (null) or followed by more. */
    const changed = (list, index, change, ...more) => {
        const copy = structuredClone(list);
        const item = change === null ? [] : [copy[index]];
        if (change) change(copy[index][1], copy[index]);
        copy.splice(index, 1, ...item, ...more);
        return copy;
    };
    const keep = () => {};
    const delta = nth => at(speaking, DELTA, nth);
    const faults = {
        'no first annotations': changed(speaking, delta(0), d => delete d.delta.content[0].text.annotations),
        'empty annotations later': changed(speaking, delta(1), d => { d.delta.content[0].text.annotations = []; }),
        'a gap in parts': changed(speaking, delta(0), d => { d.delta.content[0].index = 1; }),
        'a gap in annotations': changed(speaking, delta(2),
            d => { d.delta.content[0].text.annotations[0].index = 1; }),
        'a citation twice': changed(speaking, delta(2), keep, speaking[delta(2)]),
        'a citation that is not its text': changed(speaking, delta(2),
            d => { d.delta.content[0].text.annotations[0].start_index = 2; }),
        'a citation within more text': changed(speaking, delta(2),
            d => { d.delta.content[0].text.value += ' more'; }),
        'a lost delta': changed(speaking, delta(3), null),
        'a delta of another message': changed(speaking, delta(1), d => { d.id = 'msg_2'; }),
        'a message without a delta': speaking.filter(([event]) => event !== DELTA),
        'two open messages': changed(speaking, at(speaking, 'thread.message.in_progress'), keep,
            message('created', 'msg_2')),
        'a message in progress twice': changed(speaking, at(speaking, 'thread.message.in_progress'), keep,
            message('in_progress', 'msg_1')),
        'a message whose step is another': changed(speaking, at(speaking, 'thread.message.created'),
            d => { d.id = 'msg_2'; }),
        'a step that ends before its message': [...speaking.slice(0, -3), speaking.at(-2), speaking.at(-3),
            speaking.at(-1)],
        'a run that ends before its step': [...speaking.slice(0, -2), speaking.at(-1)],
        'a run that is never in progress': changed(speaking, 2, null),
        'a run that continues after its end': [...speaking, run('in_progress')],
        'a run that changes while it is queued': changed(speaking, 1, d => { d.model = 'n'; }),
        'an end that expires': changed(speaking, speaking.length - 1, d => { d.expires_at = 601; }),
        'an end without usage': changed(speaking, speaking.length - 1, d => { d.usage = null; }),
        'a status that is not the event\'s': changed(speaking, 2, d => { d.status = 'queued'; }),
        'a member too few': changed(speaking, 0, d => delete d.tools),
        'a member too many in a delta': changed(speaking, delta(1), d => { d.delta.content[0].id = 'x'; }),
        'an unknown event': changed(speaking, 2, keep, ['thread.run.paused', RUN]),
        'an id twice': changed(calling, at(calling, CALL, 1),
            d => { d.delta.step_details.tool_calls[0].id = 'call_a'; }),
        'a name twice': changed(calling, at(calling, CALL, 1),
            d => { d.delta.step_details.tool_calls[0].function.name = 'f'; }),
        'a first delta with arguments': changed(calling, at(calling, CALL),
            d => { d.delta.step_details.tool_calls[0].function.arguments = '{'; }),
        'a call without id': changed(calling, at(calling, CALL),
            d => delete d.delta.step_details.tool_calls[0].id),
        'a gap in calls': changed(calling, at(calling, CALL, 2),
            d => { d.delta.step_details.tool_calls[0].index = 2; }),
        'null over arguments': changed(calling, at(calling, CALL, 1),
            d => { d.delta.step_details.tool_calls[0].function.arguments = null; }),
        'arguments that are not those of the deltas': changed(calling, calling.length - 1,
            d => { d.required_action.submit_tool_outputs.tool_calls[0].function.arguments = '{}'; }),
        'a call that nobody waits for': changed(calling, calling.length - 1,
            d => d.required_action.submit_tool_outputs.tool_calls.pop()),
        'a step that begins with calls': changed(calling, at(calling, 'thread.run.step.created'),
            d => { d.step_details = tools([{ ...complete('call_a', ''), function: { name: 'f', arguments: '',
                output: null } }]); }),
        'a delta of a step of another stream': calling.filter(([event]) =>
            !/step\.(created|in_progress)$/.test(event)),
        'two open steps': changed(calling, at(calling, 'thread.run.step.in_progress'), keep,
            step('created', 'step_2', tools([]))),
    };
    for (const [name, list] of Object.entries(faults))
        await t.test(name, () => assert.throws(() => follow(list), { code: 'ERR_ASSERTION' }));
    await t.test('numbers that do not grow', () => {
        const frames = numbered(speaking);
        frames[3].number = frames[2].number;
        assert.throws(() => new Follower().takeAll(frames), { code: 'ERR_ASSERTION' });
    });
});

test('deltas may be cut anywhere', () => {
    const cut = [...speaking.slice(0, 7), said('msg_1', text('H', [])), said('msg_1', text('é')),
        ...speaking.slice(8)];
    assert.notDeepEqual(numbered(cut), numbered(speaking));
    assert.deepEqual(folded(numbered(cut)), folded(numbered(speaking)));
    assert.equal(transcript(numbered(cut)), transcript(numbered(speaking)));
    assert.notDeepEqual(folded(numbered(cut.slice(0, -4))), folded(numbered(speaking)));
});

test('the reader of streams', async t => {
    const frame = ([event, data], number) => `id: ${number}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    const done = 'event: done\ndata: [DONE]\n\n';
    const frames = speaking.map(frame);
    let body;
    const server = http.createServer((request, reply) => {
        reply.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8',
            'x-request-id': `req_${'0'.repeat(32)}` });
        // In pieces that part frames, and characters.
        const bytes = Buffer.from(body);
        for (let at_ = 0; at_ < bytes.length; at_ += 97) reply.write(bytes.subarray(at_, at_ + 97));
        reply.end();
    });
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const read = async text => {
        body = text;
        const reply = await stream({ url: `http://127.0.0.1:${server.address().port}` }, 'GET', '/');
        await reply.all();
        return reply;
    };

    await t.test('frames, and heartbeats between them', async () => {
        const reply = await read(`${frames[0]}: ping\n\n${frames.slice(1).join('')}:\n\n${done}`);
        assert.equal(reply.heartbeats, 2);
        assert.deepEqual(reply.frames, numbered(speaking));
    });
    const faults = {
        'no done': frames.join(''),
        'an end within a frame': `${frames[0]}id: 1\nevent: thread.run.queued\n`,
        'something after done': `${frames[0]}${done}: ping\n\n`,
        'a number as a comment': `: 0\n${frames[0]}${done}`,
        'no number': frames[0].replace(/^.*\n/, '') + done,
        'a number alone': `id: 1\n\n${frames[0]}${done}`,
        'no data': `id: 0\nevent: thread.run.created\n\n${done}`,
        'two lines of data': frames[0].replace('\n\n', '\ndata: x\n\n') + done,
        'carriage returns': frames[0].replaceAll('\n', '\r\n') + done,
        'done with a number': `${frames[0]}id: 1\n${done}`,
    };
    for (const [name, text] of Object.entries(faults))
        await t.test(name, () => assert.rejects(read(text)));
});
