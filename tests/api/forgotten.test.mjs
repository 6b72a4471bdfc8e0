// What was deleted is gone: the words of everything that a user deleted are in no file of the store,
// once the server has swept and emptied its log.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { directory, launch, until } from './harness.mjs';
import { modelServer, say, script } from './model_server.mjs';

const SECRETS = { message: 'kwagxobbek', answer: 'vyrinaxkol', thread: 'zudiusterk',
    detached: 'jorboxygmux', file: 'wenzizokenk', store: 'xylophobrek' };

/** Those of the secrets that stand in a file below the directory; an index shares first letters. */
function foundIn(top) {
    const files = fs.readdirSync(top, { recursive: true }).map(name => path.join(top, name))
        .filter(name => fs.lstatSync(name).isFile()).map(name => fs.readFileSync(name));
    return Object.keys(SECRETS).filter(key => files.some(bytes => bytes.includes(SECRETS[key].slice(3))));
}

test('what was deleted is in no file of the store', async t => {
    const model = await modelServer(t);
    const store = path.join(directory(t), 'store');
    const { client, ...server } = await launch({ store, arguments: ['--model-url', model.url] });
    t.after(() => server.stop());
    const { threads, assistants } = client.beta;
    const upload = async (name, text) => (await client.files.create({
        file: new File([`${text} is the word. `.repeat(20)], name), purpose: 'assistants' })).id;
    const assistant = await assistants.create({ model: 'scripted-1' });

    const thread = await threads.create();
    await threads.messages.create(thread.id, { role: 'user', content: SECRETS.message });
    await threads.messages.create(thread.id,
        { role: 'user', content: script(say('The word ', 'is ', SECRETS.answer, '.')) });
    const run = await threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
    assert.equal(run.status, 'completed');
    const other = await threads.create({ messages: [{ role: 'user', content: SECRETS.thread }] });
    const [detached, file, kept] = [await upload('a.txt', SECRETS.detached), await upload('b.txt', SECRETS.file),
        await upload('c.txt', 'kept')];
    const vectors = await client.vectorStores.create({ name: 'two' });
    const whole = await client.vectorStores.create({ name: SECRETS.store });
    await client.vectorStores.fileBatches.createAndPoll(vectors.id, { file_ids: [detached, file, kept] });
    assert.deepEqual(foundIn(store), Object.keys(SECRETS));

    for (const { id } of (await threads.messages.list(thread.id)).data)
        await threads.messages.delete(id, { thread_id: thread.id });
    await threads.delete(other.id);
    await client.vectorStores.files.delete(detached, { vector_store_id: vectors.id });
    await client.files.delete(detached);
    await client.files.delete(file);
    await client.vectorStores.delete(whole.id);
    /* Indexes and contents at once; the database's log when nothing was written for two seconds. */
    await until('no word is left', () => foundIn(store).length === 0, 20000)
        .catch(() => assert.deepEqual(foundIn(store), []));
    const found = await client.vectorStores.search(vectors.id, { query: 'kept' });
    assert.equal(found.data.length, 1);
});
