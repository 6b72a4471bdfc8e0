// Deleting while listing: a page is asked for after an object that has just been deleted, which is
// what every loop of an SDK does that deletes what it lists.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { assertError, command, directory, launch, request, serve, until, upload } from './harness.mjs';

const AGE = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("UPDATE places SET at = at - 90000")`;
const COUNT = 7;
const many = make => Promise.all(Array.from({ length: COUNT }, (_, i) => make(i)));
const file = (client, i) => client.files.create({ purpose: 'assistants',
    file: upload(`${i}.txt`, `Note ${i}.\n`) });

/** Of each kind that has a list: how its objects are made, listed and deleted. */
const kinds = {
    assistants: async client => {
        await many(i => client.beta.assistants.create({ model: 'm', name: `${i}` }));
        return [query => client.beta.assistants.list(query),
            one => client.beta.assistants.delete(one.id)];
    },
    messages: async client => {
        const { id } = await client.beta.threads.create();
        await many(i => client.beta.threads.messages.create(id, { role: 'user', content: `${i}` }));
        return [query => client.beta.threads.messages.list(id, query),
            one => client.beta.threads.messages.delete(one.id, { thread_id: id })];
    },
    files: async client => {
        await many(i => file(client, i));
        return [query => client.files.list(query), one => client.files.delete(one.id)];
    },
    'vector stores': async client => {
        await many(i => client.vectorStores.create({ name: `${i}` }));
        return [query => client.vectorStores.list(query), one => client.vectorStores.delete(one.id)];
    },
    'files of a vector store': async client => {
        const files = await many(i => file(client, i));
        const { id } = await client.vectorStores.create({ file_ids: files.map(one => one.id) });
        return [query => client.vectorStores.files.list(id, query),
            one => client.vectorStores.files.delete(one.id, { vector_store_id: id })];
    },
    'files of a vector store, deleted themselves': async client => {
        const files = await many(i => file(client, i));
        const { id } = await client.vectorStores.create({ file_ids: files.map(one => one.id) });
        return [query => client.vectorStores.files.list(id, query),
            one => client.files.delete(one.id)];
    },
    'files of a batch': async client => {
        const files = await many(i => file(client, i));
        const { id } = await client.vectorStores.create();
        const batch = await client.vectorStores.fileBatches.create(id,
            { file_ids: files.map(one => one.id) });
        return [query => client.vectorStores.fileBatches.listFiles(batch.id,
            { vector_store_id: id, ...query }),
        one => client.vectorStores.files.delete(one.id, { vector_store_id: id })];
    },
};

for (const [name, make] of Object.entries(kinds))
    test(`${name}: a loop that deletes visits everything once`, async t => {
        const { client } = await serve(t);
        for (const order of ['desc', 'asc']) {
            const [list, remove] = await make(client);
            const visited = [];
            for await (const one of list({ limit: 2, order })) {
                visited.push(one.id);
                await remove(one);
            }
            assert.equal(visited.length, COUNT, order);
            assert.equal(new Set(visited).size, COUNT);
            assert.equal((await list({})).data.length, 0);
        }
    });

test('threads, with and without a filter', async t => {
    const { client, url } = await serve(t);
    await many(i => client.beta.threads.create({ metadata: { kind: i % 2 ? 'odd' : 'even', all: 'x' } }));
    for (const [query, count] of [['&metadata[kind]=odd&metadata[all]=x', 3], ['', 4]]) {
        let after = '', visited = 0;
        for (;;) {
            const page = (await request({ url }, 'GET', `/v1/threads?limit=2${query}${after}`)).json;
            for (const one of page.data) {
                await client.beta.threads.delete(one.id);
                visited++;
            }
            if (!page.has_more) break;
            after = `&after=${page.last_id}`;
        }
        assert.equal(visited, count, query);
    }
});

test('a deleted place', async t => {
    const store = path.join(directory(t), 'store');
    let server = await launch({ store });
    const made = [];
    for (let i = 0; i < 4; i++)
        made.push((await server.client.beta.assistants.create({ model: 'm', name: `${i}` })).id);
    await server.client.beta.assistants.delete(made[1]);
    const after = (headers = {}) => request(server, 'GET',
        `/v1/assistants?order=asc&after=${made[1]}`, { headers });
    const ids = async () => (await after()).json.data.map(one => one.id);
    await t.test('is known after a restart', async () => {
        await server.stop();
        server = await launch({ store });
        assert.deepEqual(await ids(), made.slice(2));
    });
    await t.test('is the same project\'s alone', async () => {
        assertError(await after({ 'openai-project': 'other' }), 404, { param: 'after' });
    });
    await t.test('works as the end of a page too', async () => {
        const page = await request(server, 'GET', `/v1/assistants?order=asc&before=${made[1]}`);
        assert.deepEqual(page.json.data.map(one => one.id), made.slice(0, 1));
    });
    await t.test('is forgotten after a day', async () => {
        await server.stop();
        command('python3', ['-c', AGE, path.join(store, 'treadle.db')]);
        server = await launch({ store });
        await until('it is forgotten', async () => (await after()).status === 404);
    });
    await server.stop();
});
