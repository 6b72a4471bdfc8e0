// The whole way with the official SDK: a real PDF, a question, the run, its steps, the citations.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { misfits } from './contract.mjs';
import { command, directory, launch, manual, sleep, within } from './harness.mjs';

const FILE = 'R-intro.pdf';
const PAGES = 105;
const QUESTION = 'What does the function crossprod() form?';
const ANSWER = /cross ?products/;
const INCLUDE = ['step_details.tool_calls[*].file_search.results[*].content'];
const CONTENT_ID = /^[a-z]+[_-][0-9A-Za-z]{22,32}$/;

const found = manual('r-doc-pdf', `usr/share/R/doc/manual/${FILE}`);
const now = () => Math.floor(Date.now() / 1000);
const near = time => Number.isInteger(time) && Math.abs(time - now()) < 120;
const sum = (objects, key) => objects.reduce((total, object) => total + object[key], 0);

/** Letters and digits alone: what is left of a text however its lines were broken. */
const letters = text => text.normalize('NFKC').replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();

/** What stands on a page, as another program reads it; null where that program is missing. */
function pageText(page) {
    try {
        return letters(command('pdftotext', ['-f', page, '-l', page, found, '-']));
    } catch (error) {
        if (error.code === 'ENOENT') return null;
        throw error;
    }
}

/** All of it, step by step; each later test looks at what the earlier ones made. */
test('a question about a PDF of a Debian package', { skip: found ? false : `there is no ${FILE}` },
    async t => {
        const server = await launch({ store: path.join(directory(t), 'store') });
        t.after(() => server.stopped || server.stop());
        const { client } = server;
        let file, store, assistant, thread, message, run, steps, answer;

        await t.test('the file is uploaded', async () => {
            file = await client.files.create({ file: fs.createReadStream(found),
                purpose: 'assistants' });
            assert.deepEqual(misfits('OpenAIFile', file), []);
            assert.match(file.id, /^file-[0-9A-Za-z]{22,24}$/);
            assert.ok(near(file.created_at));
            assert.deepEqual({ ...file, id: 0, created_at: 0 }, {
                id: 0, object: 'file', bytes: fs.statSync(found).size, created_at: 0,
                expires_at: null, filename: FILE, purpose: 'assistants', status: 'processed',
                status_details: null });
            assert.deepEqual({ ...await client.files.retrieve(file.id) }, { ...file });
        });

        await t.test('its content comes back byte for byte', async () => {
            const reply = await client.files.content(file.id);
            const bytes = Buffer.from(await reply.arrayBuffer());
            assert.ok(bytes.equals(fs.readFileSync(found)));
        });

        await t.test('a vector store takes it in', async () => {
            store = await client.vectorStores.create({ name: 'manuals', file_ids: [file.id] });
            assert.deepEqual(misfits('VectorStoreObject', store), []);
            assert.match(store.id, /^vs_[0-9a-f]{32}$/);
            assert.equal(store.file_counts.total, 1);
            assert.ok(['in_progress', 'completed'].includes(store.status));
            const attached = await within(120000, 'the file is read',
                client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 50 }));
            assert.deepEqual(misfits('VectorStoreFileObject', attached), []);
            assert.deepEqual({ ...attached, usage_bytes: 0, created_at: 0 }, {
                id: file.id, object: 'vector_store.file', usage_bytes: 0, created_at: 0,
                vector_store_id: store.id, status: 'completed', last_error: null,
                chunking_strategy: { type: 'static',
                    static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 } },
                attributes: {} });
            assert.ok(attached.usage_bytes > 10000);
            store = await client.vectorStores.retrieve(store.id);
            assert.equal(store.status, 'completed');
            assert.equal(store.usage_bytes, attached.usage_bytes);
            assert.deepEqual({ ...store.file_counts },
                { in_progress: 0, completed: 1, failed: 0, cancelled: 0, total: 1 });
        });

        await t.test('an assistant with file search is normalised', async () => {
            assistant = await client.beta.assistants.create({
                model: 'treadle-extractive', name: 'Reader', instructions: 'Quote the manual.',
                tools: [{ type: 'file_search' }],
                tool_resources: { file_search: { vector_store_ids: [store.id] } },
                metadata: { purpose: 'test' } });
            assert.deepEqual(misfits('AssistantObject', assistant), []);
            assert.match(assistant.id, /^asst_[0-9A-Za-z]{24}$/);
            assert.ok(near(assistant.created_at));
            assert.deepEqual({ ...assistant, id: 0, created_at: 0 }, {
                id: 0, object: 'assistant', created_at: 0, name: 'Reader', description: null,
                model: 'treadle-extractive', instructions: 'Quote the manual.',
                tools: [{ type: 'file_search', file_search: { ranking_options: {
                    ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null } } }],
                tool_resources: { file_search: { vector_store_ids: [store.id] } },
                metadata: { purpose: 'test' }, temperature: 1, top_p: 1, response_format: 'auto',
                reasoning_effort: null });
        });

        await t.test('a thread gets the question', async () => {
            thread = await client.beta.threads.create();
            assert.deepEqual(misfits('ThreadObject', thread), []);
            assert.match(thread.id, /^thread_[0-9A-Za-z]{24}$/);
            assert.deepEqual({ ...thread, id: 0, created_at: 0 },
                { id: 0, object: 'thread', created_at: 0, tool_resources: {}, metadata: {} });
            message = await client.beta.threads.messages.create(thread.id,
                { role: 'user', content: QUESTION });
            assert.deepEqual(misfits('MessageObject', message), []);
            assert.match(message.id, /^msg_[0-9A-Za-z]{24}$/);
            assert.equal(message.completed_at, message.created_at);
            assert.deepEqual({ ...message, id: 0, created_at: 0, completed_at: 0 }, {
                id: 0, object: 'thread.message', created_at: 0, thread_id: thread.id,
                status: 'completed', incomplete_details: null, completed_at: 0,
                incomplete_at: null, role: 'user',
                content: [{ type: 'text', text: { value: QUESTION, annotations: [] } }],
                assistant_id: null, run_id: null, attachments: [], metadata: {} });
        });

        await t.test('the run completes with every field set', async () => {
            run = await within(60000, 'the run ends', client.beta.threads.runs.createAndPoll(
                thread.id, { assistant_id: assistant.id, metadata: { asked: 'once' } },
                { pollIntervalMs: 20 }));
            assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
            assert.deepEqual(misfits('RunObject', run), []);
            assert.match(run.id, /^run_[0-9A-Za-z]{24}$/);
            assert.ok(near(run.created_at));
            assert.ok(run.started_at >= run.created_at && near(run.started_at));
            assert.ok(run.completed_at >= run.started_at && near(run.completed_at));
            const usage = run.usage;
            assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
            assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
            assert.deepEqual({ ...run, id: 0, created_at: 0, started_at: 0, completed_at: 0,
                usage: 0 }, {
                id: 0, object: 'thread.run', created_at: 0, assistant_id: assistant.id,
                thread_id: thread.id, status: 'completed', started_at: 0, expires_at: null,
                cancelled_at: null, failed_at: null, completed_at: 0, required_action: null,
                last_error: null, model: 'treadle-extractive',
                instructions: 'Quote the manual.', tools: assistant.tools,
                tool_resources: { file_search: { vector_store_ids: [store.id] } },
                metadata: { asked: 'once' }, temperature: 1, top_p: 1, reasoning_effort: null,
                max_completion_tokens: null, max_prompt_tokens: null, incomplete_details: null,
                usage: 0, truncation_strategy: { type: 'auto', last_messages: null },
                response_format: 'auto', tool_choice: 'auto', parallel_tool_calls: true });
        });

        await t.test('its steps are a search and a message', async () => {
            const page = await client.beta.threads.runs.steps.list(run.id,
                { thread_id: thread.id, order: 'asc' });
            steps = page.data;
            assert.deepEqual(steps.map(step => step.type), ['tool_calls', 'message_creation']);
            for (const step of steps) {
                assert.deepEqual(misfits('RunStepObject', step), []);
                assert.match(step.id, /^step_[0-9A-Za-z]{24}$/);
                assert.ok(step.created_at >= run.started_at);
                assert.ok(step.completed_at >= step.created_at);
                assert.ok(step.completed_at <= run.completed_at);
                assert.deepEqual({ ...step, id: 0, created_at: 0, completed_at: 0, type: 0,
                    step_details: 0, usage: 0 }, {
                    id: 0, object: 'thread.run.step', created_at: 0, assistant_id: assistant.id,
                    thread_id: thread.id, run_id: run.id, type: 0, status: 'completed',
                    step_details: 0, last_error: null, expired_at: null, cancelled_at: null,
                    failed_at: null, completed_at: 0, expires_at: null, metadata: {}, usage: 0 });
                assert.equal(step.usage.total_tokens,
                    step.usage.prompt_tokens + step.usage.completion_tokens);
                assert.equal(step.step_details.type, step.type);
            }
            const newest = await client.beta.threads.runs.steps.list(run.id,
                { thread_id: thread.id });
            assert.deepEqual(newest.data.map(step => step.id),
                steps.map(step => step.id).reverse());
        });

        await t.test('the usage of the run is the sum over its steps', () => {
            for (const key of ['prompt_tokens', 'completion_tokens', 'total_tokens'])
                assert.equal(run.usage[key], sum(steps.map(step => step.usage), key), key);
        });

        await t.test('the search has results with scores, best first', () => {
            const calls = steps[0].step_details.tool_calls;
            assert.equal(calls.length, 1);
            assert.deepEqual(Object.keys(calls[0]).sort(), ['file_search', 'id', 'type']);
            assert.match(calls[0].id, /^call_[0-9A-Za-z]{24}$/);
            assert.equal(calls[0].type, 'file_search');
            const { ranking_options: ranking, results } = calls[0].file_search;
            assert.deepEqual({ ...ranking },
                { ranker: 'default_2024_08_21', score_threshold: 0 });
            assert.ok(results.length > 0 && results.length <= 20);
            results.forEach((result, index) => {
                assert.deepEqual(Object.keys(result).sort(),
                    ['attributes', 'file_id', 'file_name', 'score']);
                assert.equal(result.file_id, file.id);
                assert.equal(result.file_name, FILE);
                assert.deepEqual(result.attributes, {});
                assert.ok(result.score >= 0 && result.score <= 1);
                assert.ok(index === 0 || result.score <= results[index - 1].score);
            });
        });

        await t.test('the content of results comes only when it is requested', async () => {
            const page = await client.beta.threads.runs.steps.list(run.id,
                { thread_id: thread.id, order: 'asc', include: INCLUDE });
            const one = await client.beta.threads.runs.steps.retrieve(steps[0].id,
                { thread_id: thread.id, run_id: run.id, include: INCLUDE });
            assert.deepEqual(one.step_details, page.data[0].step_details);
            assert.deepEqual(misfits('RunStepObject', one), []);
            for (const result of one.step_details.tool_calls[0].file_search.results) {
                assert.equal(result.content.length, 1);
                assert.equal(result.content[0].type, 'text');
                assert.ok(result.content[0].text.length > 0);
                delete result.content;
            }
            assert.deepEqual(one, steps[0]);
            const plain = await client.beta.threads.runs.steps.retrieve(steps[0].id,
                { thread_id: thread.id, run_id: run.id });
            assert.deepEqual(plain, steps[0]);
        });

        await t.test('the answer is the message that the step names', async () => {
            const { data } = await client.beta.threads.messages.list(thread.id);
            assert.equal(data.length, 2);
            answer = data[0];
            assert.deepEqual(misfits('MessageObject', answer), []);
            assert.equal(steps[1].step_details.message_creation.message_id, answer.id);
            assert.ok(answer.completed_at >= answer.created_at);
            assert.deepEqual({ ...answer, id: 0, created_at: 0, completed_at: 0, content: 0 }, {
                id: 0, object: 'thread.message', created_at: 0, thread_id: thread.id,
                status: 'completed', incomplete_details: null, completed_at: 0,
                incomplete_at: null, role: 'assistant', content: 0,
                assistant_id: assistant.id, run_id: run.id, attachments: [], metadata: {} });
            assert.equal(answer.content.length, 1);
            assert.equal(answer.content[0].type, 'text');
            const ofRun = await client.beta.threads.messages.list(thread.id, { run_id: run.id });
            assert.deepEqual(ofRun.data.map(item => item.id), [answer.id]);
        });

        await t.test('the answer quotes the right passage', () => {
            assert.match(answer.content[0].text.value, ANSWER);
        });

        await t.test('its citations stand where they say, counted in characters', () => {
            const { value, annotations } = answer.content[0].text;
            const characters = [...value];
            assert.ok(annotations.length > 0);
            for (const annotation of annotations) {
                assert.deepEqual(Object.keys(annotation).sort(),
                    ['end_index', 'file_citation', 'start_index', 'text', 'type']);
                assert.equal(annotation.type, 'file_citation');
                assert.match(annotation.text, /^【\d+:\d+†R-intro\.pdf】$/);
                assert.equal(characters.slice(annotation.start_index, annotation.end_index).join(''),
                    annotation.text);
                assert.equal(annotation.file_citation.file_id, file.id);
                const { page } = annotation.file_citation;
                assert.ok(Number.isInteger(page) && page >= 1 && page <= PAGES, `page ${page}`);
            }
            // No marker is left without an annotation.
            assert.equal((value.match(/【\d+:\d+†/g) ?? []).length, annotations.length);
        });

        await t.test('each quotation stands on the page that is cited', async t2 => {
            const { value, annotations } = answer.content[0].text;
            const characters = [...value];
            let from = 0;
            for (const annotation of annotations) {
                const said = characters.slice(from, annotation.start_index).join('');
                const [, quote] = /“([^”]*)”[^“]*$/.exec(said);
                const { page } = annotation.file_citation;
                const shown = pageText(page);
                if (shown === null) return t2.skip('pdftotext is not installed');
                assert.ok(shown.includes(letters(quote)), `page ${page} has not: ${quote}`);
                from = annotation.end_index;
            }
        });

        await t.test('a run is queued at first and goes only forward', async () => {
            const second = await client.beta.threads.create({ messages: [
                { role: 'user', content: 'How is a matrix transposed?' }] });
            const created = await client.beta.threads.runs.create(second.id,
                { assistant_id: assistant.id, additional_instructions: 'Be brief.' });
            assert.deepEqual(misfits('RunObject', created), []);
            assert.equal(created.status, 'queued');
            assert.equal(created.expires_at, created.created_at + 600);
            assert.equal(created.instructions, 'Quote the manual.\nBe brief.');
            for (const key of ['started_at', 'completed_at', 'failed_at', 'cancelled_at', 'usage'])
                assert.equal(created[key], null, key);
            const order = ['queued', 'in_progress', 'completed'];
            let last = created;
            for (let i = 0; last.status !== 'completed' && i < 3000; i++) {
                const next = await client.beta.threads.runs.retrieve(created.id,
                    { thread_id: second.id });
                assert.ok(order.indexOf(next.status) >= order.indexOf(last.status), next.status);
                assert.equal(next.usage === null, next.status !== 'completed');
                assert.equal(next.expires_at === null, next.status === 'completed');
                assert.equal(next.started_at === null, next.status === 'queued');
                const { data } = await client.beta.threads.runs.steps.list(created.id,
                    { thread_id: second.id });
                for (const step of data)
                    assert.equal(step.usage === null, step.status === 'in_progress');
                last = next;
                await sleep(2);
            }
            assert.equal(last.status, 'completed');
        });

        await t.test('a thread that is made and run at once', async () => {
            const made = await within(60000, 'the run ends',
                client.beta.threads.createAndRunPoll({ assistant_id: assistant.id,
                    thread: { messages: [{ role: 'user', content: QUESTION }],
                        metadata: { made: 'at once' } } }, { pollIntervalMs: 20 }));
            assert.equal(made.status, 'completed');
            const { data } = await client.beta.threads.messages.list(made.thread_id);
            assert.deepEqual(data.map(item => item.role), ['assistant', 'user']);
            assert.deepEqual((await client.beta.threads.retrieve(made.thread_id)).metadata,
                { made: 'at once' });
        });

        await t.test('the same question gives the same answer', async () => {
            const again = await client.beta.threads.create({ messages: [
                { role: 'user', content: QUESTION }] });
            await within(60000, 'the run ends', client.beta.threads.runs.createAndPoll(again.id,
                { assistant_id: assistant.id }, { pollIntervalMs: 20 }));
            const { data } = await client.beta.threads.messages.list(again.id);
            assert.deepEqual(data[0].content, answer.content);
        });

        await t.test('for a question that the file does not answer, the answer says so', async () => {
            const lost = await client.beta.threads.create({ messages: [{ role: 'user',
                content: 'Which mountain is the highest of Greenland?' }] });
            const ended = await within(60000, 'the run ends',
                client.beta.threads.runs.createAndPoll(lost.id, { assistant_id: assistant.id },
                    { pollIntervalMs: 20 }));
            assert.equal(ended.status, 'completed');
            const { data } = await client.beta.threads.messages.list(lost.id);
            assert.deepEqual(data[0].content[0].text.annotations, []);
        });

        await t.test('an attachment is searched with the thread', async () => {
            const asked = await client.beta.threads.create({ messages: [{ role: 'user',
                content: QUESTION, attachments: [{ file_id: file.id,
                    tools: [{ type: 'file_search' }] }] }] });
            const [id] = asked.tool_resources.file_search.vector_store_ids;
            const made = await client.vectorStores.retrieve(id);
            assert.deepEqual({ ...made.expires_after }, { anchor: 'last_active_at', days: 7 });
            assert.equal(made.expires_at, made.last_active_at + 7 * 86400);
            const bare = await client.beta.assistants.create({ model: 'treadle-extractive',
                tools: [{ type: 'file_search' }] });
            const ended = await within(60000, 'the run ends',
                client.beta.threads.runs.createAndPoll(asked.id, { assistant_id: bare.id },
                    { pollIntervalMs: 20 }));
            assert.equal(ended.status, 'completed');
            const { data } = await client.beta.threads.messages.list(asked.id);
            assert.match(data[0].content[0].text.value, ANSWER);
            assert.match(data[0].id, CONTENT_ID);
        });

        await t.test('a file that is deleted is found no more', async () => {
            assert.deepEqual({ ...await client.files.delete(file.id) },
                { id: file.id, object: 'file', deleted: true });
            store = await client.vectorStores.retrieve(store.id);
            assert.equal(store.file_counts.total, 0);
            const gone = await client.beta.threads.create({ messages: [
                { role: 'user', content: QUESTION }] });
            const ended = await within(60000, 'the run ends',
                client.beta.threads.runs.createAndPoll(gone.id, { assistant_id: assistant.id },
                    { pollIntervalMs: 20 }));
            assert.equal(ended.status, 'completed');
            const { data } = await client.beta.threads.runs.steps.list(ended.id,
                { thread_id: gone.id, order: 'asc' });
            for (const step of data.filter(item => item.type === 'tool_calls'))
                assert.deepEqual(step.step_details.tool_calls[0].file_search.results, []);
        });

        await t.test('the server stops in order', () => server.stop());
    });
