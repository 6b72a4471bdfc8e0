// What is left of a thread that was deleted: nothing, whatever its runs were at.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, command, request, until, upload } from './harness.mjs';
import { call, quote, say, script, search, turns } from './model_server.mjs';
import { follow } from './sse.mjs';
import { CLOCK, ENDED, outputsFor, SEARCH, steered } from './steered.mjs';

const TABLES = ['threads', 'thread_metadata', 'messages', 'runs', 'run_steps', 'run_events',
    'code_files'];
const PROGRAM = `
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
print(json.dumps({ table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                   for table in sys.argv[2:] }))
`;
const rows = store => JSON.parse(command('python3',
    ['-c', PROGRAM, path.join(store, 'treadle.db'), ...TABLES]));
/** Where there is much, or the machine is busy, what the thread had goes little by little. */
const allGone = store => until('nothing is left', () => Object.values(rows(store)).every(count => count === 0));

async function withFile({ client }) {
    const file = await client.files.create({ purpose: 'assistants',
        file: upload('pump.txt', 'The pump must be serviced every 400 hours.\n') });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    await client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 });
    return { tools: [SEARCH, CLOCK], tool_resources: {
        file_search: { vector_store_ids: [store.id] } } };
}

/** Reads a stream that the end of its run's thread ends. */
async function endsWithError(reply, id) {
    const last = (await reply.all()).at(-1);
    assert.equal(last.event, 'error');
    assert.match(last.data.message, new RegExp(id));
}

test('threads that are deleted with their runs', async t => {
    const kit = await steered(t, { arguments: ['--runs-per-project', '3'] });
    const { client } = kit;
    const assistant = await withFile(kit);
    const hang = { ...say('Half'), hang: true };
    const remove = run => client.beta.threads.delete(run.thread_id);

    await t.test('completed, after all that a run can do', async () => {
        let run = await kit.run(turns(search('pump'), { ...say('Now.'), ...call('get_time') }, quote),
            { assistant, run: { metadata: { a: 'b' } } });
        await kit.submit(run, outputsFor(run));
        run = await kit.reaches(run, 'completed');
        await client.beta.threads.update(run.thread_id, { metadata: { c: 'd' } });
        for (const table of ['runs', 'run_steps', 'run_events', 'messages', 'thread_metadata'])
            assert.ok(rows(kit.server.store)[table] > 0, table);
        await remove(run);
        await allGone(kit.server.store);
    });
    await t.test('failed, cancelled, incomplete', async () => {
        const failed = await kit.run(script({ status: 400, body: {} }));
        const cut = await kit.run(script({ ...say('Half'), finish: 'length' }));
        const cancelled = await kit.start(script(hang));
        await client.beta.threads.runs.cancel(cancelled.id, { thread_id: cancelled.thread_id });
        await kit.reaches(cancelled, 'cancelled');
        for (const run of [failed, cut, cancelled]) await remove(run);
        await allGone(kit.server.store);
    });
    await t.test('waiting for outputs, with one who follows', async () => {
        const run = await kit.run(turns(call('get_time'), quote));
        const seen = await (await follow(kit.server, run)).all();
        const reply = await follow(kit.server, run, seen.at(-1).number);
        await remove(run);
        await endsWithError(reply, run.id);
        assertError(await request(kit.server, 'GET',
            `/v1/threads/${run.thread_id}/runs/${run.id}`), 404);
    });
    await t.test('within a message, and within a call', async () => {
        for (const step of [hang, { ...call('get_time', '{"of": "Par'), hang: true }]) {
            const asked = kit.model.chats().length;
            const reply = await kit.stream(turns(step));
            await reply.until(frame => frame.event.endsWith('.delta'));
            const run = reply.frames[0].data;
            const beside = await follow(kit.server, run);
            await remove(run);
            await endsWithError(reply, run.id);
            await endsWithError(beside, run.id);
            await until('the model is stopped', () => kit.model.chats()[asked].aborted);
        }
    });
    await t.test('queued after others', async () => {
        const busy = await Promise.all([1, 2, 3].map(() => kit.start(script({ silent: true }))));
        for (const run of busy) await kit.reaches(run, 'in_progress');
        const queued = await kit.start(script(say('x')));
        const reply = await follow(kit.server, queued);
        await reply.until('thread.run.queued');
        await remove(queued);
        await endsWithError(reply, queued.id);
        for (const run of busy) await remove(run);
        const after = await kit.run(script(say('x')));
        assert.equal(after.status, 'completed');
        await remove(after);
    });
    await t.test('at any moment', async () => {
        const step = { ...say(...'one two three four five six seven eight'.split(' ')), pause: 1 };
        await Promise.all(Array.from({ length: 24 }, async (_, i) => {
            const reply = await kit.stream(turns({ ...step, ...call('get_time', {}, { size: 1 }) },
                quote), { assistant });
            for (let k = 0; k < i && !reply.finished; k++) await reply.next();
            await remove(reply.frames[0]?.data ?? (await reply.next()).data);
            await reply.all();
        }));
    });
    await t.test('and nothing is left of any of them', async () => {
        await until('all rows are gone', () => {
            const left = rows(kit.server.store);
            return TABLES.every(table => left[table] === 0);
        });
        const run = await kit.run(script(say('x')));
        assert.ok(ENDED.includes(run.status));
        await remove(run);
        await kit.server.stop();
        await allGone(kit.server.store);
    });
});
