// Searching files with the embedding of a server (--embedding-url): what words do not find is found by
// meaning; the server may be away at first; vectors are kept over a restart, and made anew for
// another model.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { directory, launch, post, request, until, upload } from './harness.mjs';

const MEANINGS = [['feline', 'kitten'], ['vessel', 'ship'], ['cost', 'price']];

/** A dimension for each meaning, and one that all texts share. */
const vectorOf = text => [...MEANINGS.map(words => (words.some(word => text.includes(word)) ? 1 : 0)), 0.1];

async function embeddingServer(t, { model = 'meanings', away = false } = {}) {
    const state = { model, away, requests: [] };
    const server = http.createServer((incoming, response) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', piece => { text += piece; });
        incoming.on('end', () => {
            const made = incoming.url === '/v1/embeddings' && !state.away;
            response.writeHead(made ? 200 : 404, { 'content-type': 'application/json' });
            if (!made) return response.end('{"error":{"message":"There is no such model yet."}}');
            const { input, model: asked } = JSON.parse(text);
            state.requests.push({ input, asked });
            return response.end(JSON.stringify({ object: 'list', model: state.model,
                data: input.map((one, index) => ({ index, embedding: vectorOf(one) })),
                usage: { prompt_tokens: 1, total_tokens: 1 } }));
        });
    });
    await new Promise(done => server.listen(0, '127.0.0.1', done));
    t.after(() => { server.closeAllConnections?.(); server.close(); });
    state.arguments = ['--embedding-url', `http://127.0.0.1:${server.address().port}/v1`,
        '--embedding-model', model];
    state.texts = () => state.requests.flatMap(made => made.input);
    return state;
}

async function fill(client) {
    const files = [['cats.txt', 'Every feline in the house sleeps by day.'],
        ['boats.txt', 'The vessel leaves the old harbour at nine.']];
    const ids = [];
    for (const [name, text] of files)
        ids.push((await client.files.create({ purpose: 'assistants',
            file: upload(name, Buffer.from(text)) })).id);
    const store = await client.vectorStores.create({ file_ids: ids });
    await until('the files are read', async () =>
        (await client.vectorStores.retrieve(store.id)).status === 'completed');
    return store.id;
}

async function find(server, store, query) {
    const reply = await post(server, `/v1/vector_stores/${store}/search`, { query });
    assert.equal(reply.status, 200, reply.text);
    return reply.json.data.map(result => result.filename);
}

const health = async server => (await request(server, 'GET', '/health')).json;
const quiet = server => until('all vectors are made', async () => {
    const { text } = await request(server, 'GET', '/metrics');
    return (await health(server)).embedding && !/^treadle_vectors_pending [1-9]/m.test(text);
});

test('files are searched with the embedding of a server', async t => {
    const embedding = await embeddingServer(t);
    const home = directory(t);
    let server = await launch({ store: home, arguments: embedding.arguments });
    t.after(() => server.stop());
    const store = await fill(server.client);
    await quiet(server);
    assert.equal((await health(server)).embedding, 'server:meanings:4');
    assert.equal((await find(server, store, 'kitten'))[0], 'cats.txt');
    assert.equal((await find(server, store, 'Which ship?'))[0], 'boats.txt');
    assert.ok(embedding.requests.every(made => made.asked === 'meanings'));

    // A restart makes no vector of a document again; another model makes all.
    const documents = () => embedding.texts().filter(text => /harbour|house/.test(text)).length;
    const made = documents();
    assert.ok(made >= 2);
    await server.stop();
    server = await launch({ store: home, arguments: embedding.arguments });
    await quiet(server);
    assert.equal((await find(server, store, 'kitten'))[0], 'cats.txt');
    assert.equal(documents(), made);
    await server.stop();
    embedding.model = 'better "meanings"';
    server = await launch({ store: home, arguments: embedding.arguments });
    await quiet(server);
    assert.equal((await health(server)).embedding, 'server:better__meanings_:4');
    assert.equal((await find(server, store, 'kitten'))[0], 'cats.txt');
    assert.equal(documents(), 2 * made);

    // One that becomes another under way is not mixed in: words find.
    embedding.model = 'other';
    assert.deepEqual(await find(server, store, 'kitten'), []);
    assert.deepEqual(await find(server, store, 'feline'), ['cats.txt']);
});

test('an embedding server may be away at first', async t => {
    const embedding = await embeddingServer(t, { away: true });
    const server = await launch({ store: directory(t), arguments: embedding.arguments });
    t.after(() => server.stop());
    const store = await fill(server.client);
    assert.equal((await health(server)).embedding, null);
    assert.deepEqual(await find(server, store, 'kitten'), []);
    assert.deepEqual(await find(server, store, 'feline'), ['cats.txt']);
    embedding.away = false;
    await quiet(server);
    assert.equal((await find(server, store, 'kitten'))[0], 'cats.txt');
});
