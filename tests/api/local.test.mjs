// Models as people have them on their own machines: small, without tools, with little context. What
// such servers do is quirks.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { directory, run as runProgram, serve, sleep, until, upload } from './harness.mjs';
import { quirkServer } from './quirks.mjs';
import { ENDED, textOf, WEATHER } from './steered.mjs';

const MANUAL = ['The feed pump of the mill is serviced every 400 hours by a trained mechanic.',
    'Spare belts are kept in the green cabinet beside the workshop door.',
    'The boiler is inspected in March, and the inspector signs the log book afterwards.',
    'Nobody may open the pressure valve before the gauge shows less than 2 bar.',
    'The night shift ends at 5:45, and the keys are handed to the gate keeper.'].join('\n\n');

/** A Treadle before a quirky server, and one file to ask about. */
async function local(t, options = {}, { arguments: more = [], file = MANUAL } = {}) {
    const model = await quirkServer(t, options);
    const server = await serve(t, { arguments: ['--model-url', model.url, '--grace', '1', ...more] });
    const { client } = server;
    await client.models.list();
    const kit = { model, server, client };
    kit.start = async (content, { tools = [{ type: 'file_search' }], run = {}, thread: sent = {},
        messages = [] } = {}) => {
        kit.file ??= file && await client.files.create({ purpose: 'assistants',
            file: upload('manual.txt', file) });
        kit.assistant = (await client.beta.assistants.create({ model: 'small', tools,
            instructions: 'Answer briefly.' })).id;
        const attachments = kit.file && tools.some(one => one.type === 'file_search')
            ? [{ file_id: kit.file.id, tools: [{ type: 'file_search' }] }] : undefined;
        const thread = await client.beta.threads.create({ ...sent,
            messages: [...messages, { role: 'user', content, attachments }] });
        return client.beta.threads.runs.create(thread.id, { assistant_id: kit.assistant, ...run });
    };
    kit.ends = run => until(`${run.id} ends`, async () => {
        const now = await client.beta.threads.runs.retrieve(run.id, { thread_id: run.thread_id });
        return [...ENDED, 'requires_action'].includes(now.status) && now;
    });
    kit.ask = async (content, more_ = {}) => {
        const run = await kit.ends(await kit.start(content, more_));
        const steps = (await client.beta.threads.runs.steps.list(run.id, { thread_id: run.thread_id,
            order: 'asc', include: ['step_details.tool_calls[*].file_search.results[*].content'] })).data;
        const [message] = (await client.beta.threads.messages.list(run.thread_id,
            { run_id: run.id })).data;
        return { run, steps, message, kinds: steps.map(step => step.type),
            chats: model.chats.map(({ body }) => body) };
    };
    return kit;
}

/** What a message says, without the markers that Treadle adds. */
const plain = message => textOf(message).replace(/【[^】]*】/g, '');
const asked = body => body.messages.findLast(one => one.role === 'user').content;
const completed = ({ run }) => assert.equal(run.status, 'completed', JSON.stringify(run.last_error));

// ---- Retrieval without tool calls ---------------------------------------------------------------

/** The search that Treadle made, as any other: its step, and its passages before the question. */
function searchedByItself({ run, steps, kinds, chats }, question) {
    assert.deepEqual(kinds, ['tool_calls', 'message_creation']);
    const [call] = steps[0].step_details.tool_calls;
    assert.equal(call.type, 'file_search');
    assert.ok(call.file_search.results[0].content[0].text.includes('green cabinet'));
    const last = chats.at(-1);
    assert.equal(last.tools, undefined);
    assert.deepEqual(last.messages.map(one => one.role), ['system', 'user']);
    assert.match(asked(last), /manual\.txt[\s\S]*green cabinet[\s\S]*/);
    assert.ok(asked(last).endsWith(question));
    assert.ok(run.usage.prompt_tokens > 0);
}

const QUESTION = 'Where are the spare belts kept?';

test('a model whose template takes no tools is given what was found', async t => {
    const kit = await local(t, { llama: true, context: 2048, answer: () => 'In the cabinet.' });
    const asking = await kit.ask(QUESTION);
    completed(asking);
    searchedByItself(asking, QUESTION);
    assert.equal(asking.chats.length, 1);
    await t.test('and so it is where a tool must be called', async () => {
        const forced = await kit.ask(QUESTION, { run: { tool_choice: 'required' } });
        completed(forced);
        searchedByItself(forced, QUESTION);
    });
    await t.test('but not where none may be', async () => {
        const none = await kit.ask(QUESTION, { run: { tool_choice: 'none' } });
        completed(none);
        assert.deepEqual(none.kinds, ['message_creation']);
        assert.equal(asked(none.chats.at(-1)), QUESTION);
    });
    await t.test('a question that leans on the one before is searched with it', async () => {
        const leaning = await kit.ask('And who signs the log book for it?', { messages: [
            { role: 'user', content: 'When is the boiler inspected?' },
            { role: 'assistant', content: 'In March.' }] });
        completed(leaning);
        assert.match(asked(leaning.chats.at(-1)), /inspected in March/);
    });
});

for (const refusal of ['registry.ollama.ai/library/small:latest does not support tools',
    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    'tools param requires --jinja flag'])
    test(`a server that says "${refusal}" is asked without tools`, async t => {
        const kit = await local(t, { refusesTools: refusal, answer: () => 'In the cabinet.' });
        const asking = await kit.ask(QUESTION);
        completed(asking);
        searchedByItself(asking, QUESTION);
        assert.equal(asking.chats.length, 2);
        await t.test('and remembered', async () => {
            completed(await kit.ask(QUESTION));
            assert.equal(kit.model.chats.length, 3);
        });
        await t.test('functions alone do not fail a run either', async () => {
            const run = await kit.ask('How warm is it?', { tools: [WEATHER] });
            completed(run);
            assert.equal(run.chats.at(-1).tools, undefined);
        });
        await t.test('nor a chat completion', async () => {
            const answer = await kit.client.chat.completions.create({ model: 'small', tools: [WEATHER],
                messages: [{ role: 'user', content: 'Hi' }] });
            assert.equal(answer.choices[0].message.content, 'In the cabinet.');
        });
    });

test('a model that does not call is asked again with what was found', async t => {
    const kit = await local(t, { answer: body => (body.tools ? 'Belts are kept at home, of course.'
        : 'In the cabinet.') });
    const asking = await kit.ask(QUESTION);
    completed(asking);
    searchedByItself(asking, QUESTION);
    assert.equal(asking.chats.length, 2);
    assert.equal(plain(asking.message), 'In the cabinet.');
    await t.test('whatever it is asked to call', async () => {
        const forced = await kit.ask(QUESTION, { run: { tool_choice: { type: 'file_search' } } });
        completed(forced);
        searchedByItself(forced, QUESTION);
    });
    await t.test('functions stay offered', async () => {
        const both = await kit.ask(QUESTION, { tools: [{ type: 'file_search' }, WEATHER] });
        completed(both);
        assert.deepEqual(both.chats.at(-1).tools.map(one => one.function.name), ['get_weather']);
        assert.ok(both.chats.at(-1).messages.some(one => one.role === 'tool'));
    });
    await t.test('a long answer is not waited for', async () => {
        kit.model.answer = body => (body.tools ? { text: 'On and on it goes. '.repeat(2000), pause: 1 }
            : 'In the cabinet.');
        const long = await kit.ask(QUESTION);
        completed(long);
        searchedByItself(long, QUESTION);
    });
});

test('a model that calls is left to it', async t => {
    const kit = await local(t, { answer: body => (body.messages.some(one => one.role === 'tool')
        ? 'In the cabinet.' : { text: 'Let me look. ',
            calls: [{ name: 'file_search', arguments: { queries: ['spare belts'] } }] }) });
    const asking = await kit.ask(QUESTION);
    completed(asking);
    assert.deepEqual(asking.kinds, ['message_creation', 'tool_calls', 'message_creation']);
    assert.equal(asking.chats.length, 2);
    assert.ok(asking.chats.at(-1).tools);
});

test('the operator may say whether models call tools', async t => {
    const answer = body => (body.tools ? 'By itself.' : 'In the cabinet.');
    const yes = await local(t, { answer }, { arguments: ['--model-tools', 'yes'] });
    const trusted = await yes.ask(QUESTION);
    completed(trusted);
    assert.deepEqual(trusted.kinds, ['message_creation']);
    assert.equal(textOf(trusted.message), 'By itself.');
    const no = await local(t, { answer }, { arguments: ['--model-tools', 'no'] });
    const helped = await no.ask(QUESTION);
    completed(helped);
    searchedByItself(helped, QUESTION);
    assert.equal(helped.chats.length, 1);
});

test('a small context is shown sentences, a large one whole chunks', async t => {
    const long = MANUAL.split('\n\n').map((line, i) => `${line} ${`Part ${i} has its own care. `
        .repeat(60)}`).join('\n\n');
    const seen = {};
    for (const context of [2048, 32768]) {
        const kit = await local(t, { llama: true, context, answer: () => 'In the cabinet.' },
            { file: long });
        const asking = await kit.ask(QUESTION);
        completed(asking);
        seen[context] = asked(asking.chats.at(-1));
        assert.match(seen[context], /green cabinet/);
    }
    assert.ok(seen[2048].length < 2048 * 3 / 8 * 5, `${seen[2048].length}`);
    assert.ok(seen[32768].length > 2 * seen[2048].length, `${seen[32768].length}`);
});

// ---- Truncation ---------------------------------------------------------------------------------

const KINDS = {
    english: i => `Message ${i} tells that the feed pump of the mill is serviced every few hours. `,
    german: i => `Nachricht ${i}: Wartungsanleitung und Sicherheitsvorkehrungen der Druckbehälter. `,
    russian: i => `Сообщение ${i}: перед поездкой водитель проверяет уровень масла в двигателе. `,
    japanese: i => `${i}番目の連絡です。運転手は油の量と空気圧を確認します。`,
    numbers: i => `${i} 4711 20260 1.5 88 31415 926535 100200300 0.0375 65535 8080 `,
    code: i => `if (count[${i}] > 0 && items != NULL) { out->total += items[${i}]->price; }\n`,
};

async function longThread(kit, kind, { count = 30, repeat = 4 } = {}) {
    const messages = Array.from({ length: count }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user',
        content: KINDS[kind](i).repeat(repeat) }));
    const before = kit.model.chats.length;
    const asking = await kit.ask('What was said last?', { tools: [], messages });
    return { ...asking, sent: kit.model.chats.slice(before).map(one => one.prompt) };
}

for (const [name, options] of [['a llama.cpp server', { llama: true }], ['another server', {}]])
    test(`long threads of every kind fit the context of ${name}`, async t => {
        const kit = await local(t, { context: 2048, answer: () => 'This.', ...options });
        if (options.llama)
            await until('texts are counted', () =>
                kit.model.requests.filter(one => one.url === '/tokenize').length >= 7);
        for (const kind of Object.keys(KINDS))
            await t.test(kind, async inner => {
                const asking = await longThread(kit, kind);
                completed(asking);
                const share = asking.sent.at(-1) / 2048;
                inner.diagnostic(`${asking.sent} of 2048`);
                const least = options.llama ? 0.8 : 0.7;
                assert.ok(share <= 1 && share >= least, `${kind}: ${asking.sent} of 2048`);
                assert.ok(asking.sent.length <= 2, `${kind}: ${asking.sent}`);
            });
    });

test('what says that a context is exceeded is understood in many words', async t => {
    const ways = {
        service: (prompt, context) => `This model's maximum context length is ${context} tokens. However, you `
            + `requested ${prompt + 500} tokens (${prompt} in the messages, 500 in the completion).`,
        vllm: (prompt, context) => `This model's maximum context length is ${context} tokens. However, your `
            + `request has ${prompt} input tokens. Please reduce the length of the input messages.`,
        bare: () => 'the request exceeds the available context size, try increasing it',
    };
    for (const [name, say] of Object.entries(ways))
        await t.test(name, async () => {
            const kit = await local(t, { context: 2048, answer: () => 'This.',
                overflow: (response, prompt, refuse) => refuse(response, 400, say(prompt, 2048),
                    name === 'bare' ? { n_prompt_tokens: prompt, n_ctx: 2048 } : {}) });
            completed(await longThread(kit, 'german'));
        });
});

test('a context that is another after a restart is found out', async t => {
    const kit = await local(t, { llama: true, context: 4096, answer: () => 'This.' });
    completed(await longThread(kit, 'english', { repeat: 12 }));
    assert.ok(kit.model.chats.at(-1).prompt > 2048);
    const { port } = kit.model;
    await kit.model.close();
    kit.model = await quirkServer(t, { llama: true, context: 1024, answer: () => 'That.', port });
    const smaller = await longThread(kit, 'english', { repeat: 12 });
    completed(smaller);
    assert.ok(smaller.sent.at(-1) <= 1024);
    await t.test('also when it restarts within a run', async () => {
        await kit.model.close();
        const run = await kit.start('Hello?', { tools: [] });
        await sleep(300);
        kit.model = await quirkServer(t, { llama: true, context: 8192, answer: () => 'That.', port });
        assert.equal((await kit.ends(run)).status, 'completed');
        await until('the larger one is used', async () => {
            const larger = await longThread(kit, 'english', { repeat: 12 });
            completed(larger);
            return larger.sent.at(-1) > 2048;
        });
    });
});

test('a prompt that cannot be cut fails with what the server says', async t => {
    const kit = await local(t, { context: 512, answer: () => 'This.' });
    const { run } = await kit.ask(KINDS.russian(1).repeat(200), { tools: [] });
    assert.equal(run.status, 'failed');
    assert.match(run.last_error.message, /context size/);
    assert.ok(kit.model.chats.length <= 3);
});

// ---- Loading ------------------------------------------------------------------------------------

test('a server that loads its model is waited for', async t => {
    const kit = await local(t, { loading: 12, answer: () => 'Loaded.' });
    const asking = await kit.ask('Hello?', { tools: [] });
    completed(asking);
    assert.equal(textOf(asking.message), 'Loaded.');
    await t.test('but not for ever', async () => {
        const slow = await local(t, { loading: 1000 }, { arguments: ['--model-first-timeout', '1'] });
        const { run } = await slow.ask('Hello?', { tools: [] });
        assert.equal(run.status, 'failed');
        assert.match(run.last_error.message, /Loading model/);
    });
});

// ---- Slots --------------------------------------------------------------------------------------

for (const [name, options, parameters] of [['llama.cpp says', { llama: true, slots: 2 }, []],
    ['the operator says', {}, ['--model-slots', '2']]])
    test(`runs wait for a slot of their server, as many as ${name}`, async t => {
        let release;
        const opened = new Promise(done => { release = done; });
        const kit = await local(t, { ...options, answer: async () => { await opened; return 'Done.'; } },
            { arguments: [...parameters, '--run-timeout', '3'] });
        const runs = [];
        for (let i = 0; i < 5; i++) runs.push(await kit.start(`Number ${i}?`, { tools: [] }));
        const states = () => Promise.all(runs.map(async run => (await kit.client.beta.threads.runs
            .retrieve(run.id, { thread_id: run.thread_id })).status));
        await until('two are at work', () => kit.model.busy === 2);
        assert.deepEqual(await states(), ['in_progress', 'in_progress', 'queued', 'queued', 'queued']);
        assert.equal(kit.model.mostBusy, 2);
        await t.test('the built-in model is not held by them', async () => {
            const { id } = await kit.client.beta.assistants.create({ model: 'treadle-extractive' });
            const run = await kit.client.beta.threads.createAndRunPoll({ assistant_id: id,
                thread: { messages: [{ role: 'user', content: 'Hi' }] } }, { pollIntervalMs: 20 });
            assert.equal(run.status, 'completed');
        });
        await t.test('and do not expire meanwhile', async () => {
            await until('those at work expire', async () =>
                (await states()).filter(one => one === 'expired').length >= 2);
            release();
            const ended = await Promise.all(runs.map(kit.ends));
            assert.equal(ended.at(-1).status, 'completed');
            for (const run of ended) assert.ok(run.started_at, 'a run expired in the queue');
        });
    });

// ---- What models write --------------------------------------------------------------------------

const said = async (kit, answer, more) => {
    kit.model.answer = answer;
    return kit.ask(QUESTION, more);
};

test('reasoning within the text is no part of the answer', async t => {
    const kit = await local(t);
    for (const [text, expected] of [
        ['<think>Hm, belts…</think>\n\nIn the cabinet.', 'In the cabinet.'],
        ['\n<think>\n</think>\nIn the <b>cabinet</b>.', 'In the <b>cabinet</b>.'],
        ['A < B and B <thinner> C', 'A < B and B <thinner> C'],
        ['<think>never ends', '']])
        await t.test(text.trim(), async () => {
            const asking = await said(kit, () => text, { tools: [] });
            completed(asking);
            assert.equal(textOf(asking.message), expected);
        });
    await t.test('also without its opening tag, once it was seen', async () => {
        const text = 'Belts, hm.</think>In the cabinet.';
        assert.doesNotMatch(textOf((await said(kit, () => text, { tools: [] })).message), /think>/);
        assert.equal(textOf((await said(kit, () => text, { tools: [] })).message), 'In the cabinet.');
        assert.equal(textOf((await said(kit, () => 'Straight.', { tools: [] })).message), 'Straight.');
    });
});

test('calls that are written as text are calls', async t => {
    const kit = await local(t);
    const found = body => body.messages.some(one => one.role === 'tool');
    for (const text of ['<tool_call>\n{"name": "file_search", "arguments": {"queries": ["belts"]}}\n</tool_call>',
        'I will look. <tool_call>{"name": "file_search", "arguments": {"query": "belts"}}</tool_call>',
        '{"name": "file_search", "parameters": {"queries": ["belts"]}}',
        '```json\n{"name": "file_search", "arguments": "{\\"queries\\": [\\"belts\\"]}"}\n```',
        '[TOOL_CALLS][{"name": "file_search", "arguments": {"queries": "belts"}}]',
        '{"type": "function", "function": {"name": "file_search", "arguments": {"queries": "[\\"belts\\"]"}}}'])
        await t.test(text, async () => {
            const asking = await said(kit, body => (found(body) ? 'In the cabinet.' : text));
            completed(asking);
            const step = asking.steps.find(one => one.type === 'tool_calls');
            assert.match(step.step_details.tool_calls[0].file_search.results[0].content[0].text, /green/);
            assert.equal(plain(asking.message), 'In the cabinet.');
            assert.ok(found(asking.chats.at(-1)) && asking.chats.at(-1).tools);
        });
    await t.test('but not of tools that there are not', async () => {
        const text = '{"name": "open_door", "arguments": {}}';
        const asking = await said(kit, () => text, { tools: [WEATHER] });
        completed(asking);
        assert.equal(textOf(asking.message), text);
    });
});

test('searches of any form are searches', async t => {
    const kit = await local(t);
    for (const form of ['{"queries": "spare belts"}', '{"query": "spare belts"}',
        '{"queries": "[\\"spare belts\\"]"}', '"spare belts"', 'spare belts', '{}', ''])
        await t.test(form || 'nothing', async () => {
            const asking = await said(kit, body => (body.messages.some(one => one.role === 'tool')
                ? 'In the cabinet.' : { calls: [{ name: 'file_search', arguments: form }] }));
            completed(asking);
            assert.match(asking.steps[0].step_details.tool_calls[0].file_search.results[0].content[0].text,
                /green cabinet/);
        });
});

// ---- Citations ----------------------------------------------------------------------------------

const TWO = 'The spare belts are kept in the green cabinet beside the workshop door. '
    + 'The boiler is inspected in March. I am glad to help.';

test('sentences of a model that cites nothing get the markers of their passages', async t => {
    const kit = await local(t, { llama: true, context: 2048 });
    const asking = await said(kit, () => TWO);
    completed(asking);
    const [{ text }] = asking.message.content;
    assert.equal(text.annotations.length, 2);
    for (const one of text.annotations) {
        assert.equal(one.type, 'file_citation');
        assert.equal(one.file_citation.file_id, kit.file.id);
        assert.equal([...text.value].slice(one.start_index, one.end_index).join(''), one.text);
    }
    assert.match(text.value, /door\.【\d+:\d+†manual\.txt】 The boiler .* March\.【.*】 I am glad to help\.$/);
    assert.match(text.annotations[0].file_citation.quote, /green cabinet/);
    assert.match(text.annotations[1].file_citation.quote, /inspected in March/);
    assert.deepEqual(asking.message.metadata, {});
    await t.test('but not with other numbers', async () => {
        const wrong = await said(kit, () => 'The feed pump of the mill is serviced every 500 hours.');
        assert.deepEqual(wrong.message.content[0].text.annotations, []);
        assert.deepEqual(wrong.message.metadata, { treadle_support: 'none' });
        const right = await said(kit, () => 'The feed pump of the mill is serviced every 400 hours.');
        assert.equal(right.message.content[0].text.annotations.length, 1);
    });
    await t.test('nor within JSON', async () => {
        const json = '{"place": "The spare belts are kept in the green cabinet."}';
        const asJson = await said(kit, () => json, { run: { response_format: { type: 'json_object' } } });
        completed(asJson);
        assert.equal(textOf(asJson.message), json);
    });
    await t.test('an answer that no passage says is noted as such', async () => {
        const own = await said(kit, () => 'Bananas are yellow fruits of tropical countries.');
        assert.deepEqual(own.message.metadata, { treadle_support: 'none' });
    });
});

test('an answer that must be supported is replaced by a quotation where it is not', async t => {
    const kit = await local(t, { llama: true, context: 2048 }, { arguments: ['--model-must-cite'] });
    const kept = await said(kit, () => 'They are kept in the green cabinet beside the workshop door.');
    completed(kept);
    assert.match(plain(kept.message), /^They are kept/);
    const replaced = await said(kit, () => 'Bananas are yellow fruits.');
    completed(replaced);
    assert.deepEqual(replaced.kinds, ['tool_calls', 'message_creation']);
    assert.match(textOf(replaced.message), /“[^”]*green cabinet beside the workshop door\./);
    assert.equal(replaced.message.content[0].text.annotations[0].file_citation.file_id, kit.file.id);
    assert.deepEqual(replaced.message.metadata, {});
    assert.equal(replaced.run.usage.prompt_tokens, kit.model.chats.at(-1).prompt);
});

test('a model that cites is taken at its word', async t => {
    const kit = await local(t);
    for (const [form, shown] of [['【0:0†manual.txt】', 1], ['[0:0†x]', 1], ['【0:0 † source】', 1],
        ['[0:99†x]', 0]])
        await t.test(form, async () => {
            const asking = await said(kit, body => (body.messages.some(one => one.role === 'tool')
                ? `It is so. ${form} And the sun is warm.` : { calls: [{ name: 'file_search',
                    arguments: { queries: ['spare belts'] } }] }));
            completed(asking);
            const [{ text }] = asking.message.content;
            assert.equal(text.annotations.length, shown);
            assert.doesNotMatch(text.value, /\[|† /);
        });
});

// ---- What is asked of it ------------------------------------------------------------------------

test('nothing is set that nobody set', async t => {
    const kit = await local(t, { answer: () => 'Hi.' });
    completed(await kit.ask('Hello?', { tools: [] }));
    const [{ body }] = kit.model.chats;
    for (const name of ['temperature', 'top_p', 'max_completion_tokens', 'max_tokens'])
        assert.equal(body[name], undefined, name);
    completed(await kit.ask('Hello?', { tools: [], run: { temperature: 0.3, top_p: 0.9 } }));
    assert.deepEqual([kit.model.chats[1].body.temperature, kit.model.chats[1].body.top_p], [0.3, 0.9]);
});

test('an answer has a limit where the context is small, or as the operator says', async t => {
    const small = await local(t, { llama: true, context: 2048, answer: () => 'Hi.' });
    completed(await small.ask('Hello?', { tools: [] }));
    assert.equal(small.model.chats[0].body.max_completion_tokens, 512);
    const limited = await local(t, { answer: () => 'Hi.' }, { arguments: ['--model-answer', '99'] });
    completed(await limited.ask('Hello?', { tools: [] }));
    assert.equal(limited.model.chats[0].body.max_completion_tokens, 99);
    completed(await limited.ask('Hello?', { tools: [], run: { max_completion_tokens: 300 } }));
    assert.equal(limited.model.chats[1].body.max_completion_tokens, 300);
});

// ---- The command line ---------------------------------------------------------------------------

test('ask uses the model that there is', async t => {
    const model = await quirkServer(t, { models: ['nomic-embed-text', 'small'], refusesTools:
        'small does not support tools', answer: () => 'They are kept in the green cabinet.' });
    const place = directory(t);
    const file = path.join(place, 'manual.txt');
    fs.writeFileSync(file, MANUAL);
    const ask = (parameters, env = {}) => runProgram(['ask', file, '-q', QUESTION, ...parameters], { env });
    const store = () => ['--store', path.join(directory(t), 'store')];

    await t.test('of a server that it is sent to', async () => {
        const server = await serve(t, { arguments: ['--model-url', model.url] });
        const { code, stdout, stderr } = await ask(['--server', server.url]);
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^They are kept in the green cabinet\./);
        assert.match(stdout, /manual\.txt/);
        assert.equal(model.chats.at(-1).body.model, 'small');
    });
    await t.test('with --model-url, also when the endpoint was pasted', async () => {
        const { code, stdout, stderr } = await ask([...store(), '--model-url',
            `${model.url}/chat/completions`]);
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^They are kept in the green cabinet\./);
    });
    await t.test('with the variable, and a name', async () => {
        const { code, stdout, stderr } = await ask([...store(), '-m', 'small'],
            { TREADLE_MODEL_URL: model.url });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^They are kept in the green cabinet\./);
    });
    await t.test('and warns when no file supports the answer', async () => {
        model.answer = () => 'Bananas are yellow.';
        const { code, stdout, stderr } = await ask([...store(), '--model-url', model.url]);
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^Bananas are yellow\./);
        assert.match(stderr, /no passage of the files supports this answer/);
    });
    await t.test('and prints what an incomplete run has said', async () => {
        model.answer = () => ({ text: 'They are kept in the', finish: 'length' });
        const { code, stdout, stderr } = await ask([...store(), '--model-url', model.url]);
        assert.equal(code, 1);
        assert.match(stdout, /^They are kept in the/);
        assert.match(stderr, /incomplete: max_completion_tokens/);
    });
});

test('serve says when a model server cannot be reached, and finds its models later', async t => {
    const first = await quirkServer(t, {});
    const { port } = first;
    await first.close();
    const server = await serve(t, { arguments: ['--model-url', `http://127.0.0.1:${port}/v1`] });
    await until('it is logged', () => /event=model_server_unreachable/.test(server.log));
    const again = await quirkServer(t, { port, answer: () => 'Here.' });
    const { id } = await server.client.beta.assistants.create({ model: 'small' });
    const run = await server.client.beta.threads.createAndRunPoll({ assistant_id: id,
        thread: { messages: [{ role: 'user', content: 'Hello?' }] } }, { pollIntervalMs: 20 });
    assert.equal(run.status, 'completed');
    assert.equal(again.chats.length, 1);
    await t.test('https to a server without TLS gets a hint', async () => {
        const wrong = await serve(t, { arguments: ['--model-url', `https://127.0.0.1:${port}/v1`] });
        await until('it is logged', () => /no TLS there/.test(wrong.log));
    });
});
