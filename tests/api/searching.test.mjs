// Searching vector stores: queries, filters of every kind, ranking options, pages, with the official
// SDK and as raw requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { misfits } from './contract.mjs';
import { assertError, launch, post, until, upload } from './harness.mjs';
import { loomManual } from './pdf.mjs';

let server, client, home, store;

const FILES = [
    ['anvil.txt', 'The anvil of the forge weighs ninety kilograms.', { size: 90, kind: 'tool', old: true }],
    ['bellows.txt', 'The bellows of the forge are made of leather.', { size: 12, kind: 'tool', old: false }],
    ['coal.txt', 'The coal of the forge comes from the north.', { size: 40, kind: 'fuel' }],
    ['diary.txt', 'A diary of the forge without any attribute.', undefined],
];

const search = (body, id = store.id) => post(server, `/v1/vector_stores/${id}/search`, body);
const names = page => page.data.map(result => result.filename).sort();
const filtered = async filters => {
    const reply = await search({ query: 'forge', filters });
    assert.equal(reply.status, 200, reply.text);
    return names(reply.json).map(name => name[0]).join('');
};

before(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    server = await launch({ store: path.join(home, 'store') });
    client = server.client;
    store = await client.vectorStores.create({ name: 'forge' });
    for (const [name, text, attributes] of FILES) {
        const file = await client.files.create({ file: upload(name, text), purpose: 'assistants' });
        await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id, attributes });
    }
});
after(async () => {
    try {
        await server?.stop();
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
});

test('the SDK finds the chunk that answers, with its attributes', async () => {
    const page = await client.vectorStores.search(store.id, { query: 'How heavy is the anvil?' });
    assert.equal(page.object, 'vector_store.search_results.page');
    const [best] = page.data;
    assert.equal(best.filename, 'anvil.txt');
    assert.match(best.content[0].text, /ninety kilograms/);
    assert.deepEqual(best.attributes, FILES[0][2]);
    assert.ok(best.score > 0 && best.score <= 1, String(best.score));
    for (let i = 1; i < page.data.length; i++)
        assert.ok(page.data[i].score <= page.data[i - 1].score);
});

test('replies fit the contract, and say what was looked for', async () => {
    const { json: page } = await search({ query: ['anvil', 'leather'] });
    assert.deepEqual(misfits('VectorStoreSearchResultsPage', page), []);
    page.data.forEach(result => assert.deepEqual(misfits('VectorStoreSearchResultItem', result), []));
    assert.deepEqual(page.search_query, ['anvil', 'leather']);
    assert.deepEqual(names(page), ['anvil.txt', 'bellows.txt']);
    assert.deepEqual([page.has_more, page.next_page], [false, null]);
    const rewritten = await search({ query: 'How heavy is the anvil?', rewrite_query: true });
    assert.deepEqual(rewritten.json.search_query, ['heavy anvil']);
    assert.equal(rewritten.json.data[0].filename, 'anvil.txt');
    const none = await search({ query: 'xylophone' });
    assert.deepEqual([none.json.data, none.json.has_more], [[], false]);
});

test('scores mean the same from query to query, and a threshold drops what is below', async () => {
    const all = (await search({ query: 'anvil' })).json.data[0].score;
    const half = (await search({ query: 'anvil xylophone' })).json.data[0].score;
    assert.ok(half < all * 0.8, `${half} is not well below ${all}`);
    for (const ranker of ['none', 'auto', 'default-2024-11-15']) {
        const options = { ranker, score_threshold: (all + half) / 2 };
        const one = await search({ query: 'anvil', ranking_options: options });
        assert.equal(one.json.data.length, 1);
        const none = await search({ query: 'anvil xylophone', ranking_options: options });
        assert.equal(none.json.data.length, 0);
    }
});

test('filters of every kind choose files', async t => {
    const is = (type, key, value) => ({ type, key, value });
    const both = (...filters) => ({ type: 'and', filters });
    const either = (...filters) => ({ type: 'or', filters });
    for (const [filter, expected] of [
        [is('eq', 'kind', 'tool'), 'ab'], [is('eq', 'size', 40), 'c'], [is('eq', 'old', false), 'b'],
        [is('ne', 'kind', 'tool'), 'cd'], [is('ne', 'old', true), 'bcd'],
        [is('gt', 'size', 40), 'a'], [is('gte', 'size', 40), 'ac'],
        [is('lt', 'size', 40), 'b'], [is('lte', 'size', 40), 'bc'], [is('gt', 'kind', 'fuel'), 'ab'],
        [is('in', 'size', [12, 40, 1]), 'bc'], [is('in', 'kind', []), ''],
        [is('nin', 'size', [12, 40]), 'ad'], [is('nin', 'kind', []), 'abcd'],
        // A missing key, and a value of another type.
        [is('eq', 'colour', 'red'), ''], [is('ne', 'colour', 'red'), 'abcd'],
        [is('eq', 'size', '40'), ''], [is('ne', 'size', '40'), 'abcd'], [is('gt', 'size', '1'), ''],
        [both(is('eq', 'kind', 'tool'), is('lt', 'size', 50)), 'b'],
        [either(is('eq', 'kind', 'fuel'), is('eq', 'old', true)), 'ac'],
        [both(), 'abcd'], [either(), ''],
        [both(either(is('eq', 'size', 90), is('eq', 'size', 12)), is('ne', 'old', true)), 'b'],
    ])
        await t.test(JSON.stringify(filter), async () =>
            assert.equal(await filtered(filter), expected));
    const changed = (await client.vectorStores.files.list(store.id)).data.find(file =>
        file.attributes?.kind === 'fuel');
    await client.vectorStores.files.update(changed.id,
        { vector_store_id: store.id, attributes: { kind: 'ash' } });
    assert.equal(await filtered(is('eq', 'kind', 'ash')), 'c');
    assert.equal(await filtered(is('eq', 'kind', 'fuel')), '');
});

test('bad requests are refused by name', async () => {
    const bad = (filters, param) => [{ query: 'x', filters }, param];
    for (const [body, param] of [
        [{}, 'query'], [{ query: 7 }, 'query'], [{ query: [] }, 'query'], [{ query: [''] }, 'query'],
        [{ query: 'x', max_num_results: 0 }, 'max_num_results'],
        [{ query: 'x', max_num_results: 51 }, 'max_num_results'],
        [{ query: 'x', ranking_options: { ranker: 'best' } }, 'ranking_options.ranker'],
        [{ query: 'x', ranking_options: { score_threshold: 2 } }, 'ranking_options.score_threshold'],
        [{ query: 'x', page: 'two' }, 'page'], [{ query: 'x', colour: 'red' }, 'colour'],
        bad({ type: 'like', key: 'a', value: 1 }, 'filters'), bad([], 'filters'),
        bad({ type: 'eq', key: 'a' }, 'filters'),
        bad({ type: 'eq', key: 'a', value: [1] }, 'filters.value'),
        bad({ type: 'in', key: 'a', value: 1 }, 'filters.value'),
        bad({ type: 'gt', key: 'a', value: true }, 'filters.value'),
        bad({ type: 'and', filters: [{ type: 'eq', key: 'a', value: null }] }, 'filters.filters[0].value'),
        bad({ type: 'or', filters: { type: 'eq' } }, 'filters'),
    ])
        assertError(await search(body), 400, { param });
    let deep = { type: 'eq', key: 'a', value: 1 };
    for (let i = 0; i < 30; i++) deep = { type: 'and', filters: [deep] };
    assertError(await search({ query: 'x', filters: deep }), 400);
    assertError(await search({ query: 'x' }, 'vs_none'), 404);
});

test('pages of results follow each other', async () => {
    const many = await client.vectorStores.create({ name: 'many' });
    for (let i = 0; i < 5; i++) {
        const file = await client.files.create({
            file: upload(`knot${i}.txt`, `Knot ${i} holds the cord.`), purpose: 'assistants' });
        await client.vectorStores.files.create(many.id, { file_id: file.id });
    }
    await until('all are read', async () =>
        (await client.vectorStores.retrieve(many.id)).file_counts.completed === 5);
    const found = [];
    let page;
    for (let asked = { query: 'cord', max_num_results: 2 }; asked;
        asked = page.has_more && { ...asked, page: page.next_page }) {
        page = (await search(asked, many.id)).json;
        assert.ok(page.data.length <= 2);
        found.push(...names(page));
    }
    assert.deepEqual(found.sort(), [0, 1, 2, 3, 4].map(i => `knot${i}.txt`));
    assert.equal(page.next_page, null);
});

test('results know page, heading and place of the passage', async () => {
    const file = await client.files.create({ purpose: 'assistants',
        file: upload('loom.pdf', loomManual()) });
    const book = await client.files.create({ purpose: 'assistants', file: upload('book.md',
        '# Forge\n\n## Tools\n\nÄmboss und Blasebalg.\n\n## Fuel\n\nThe coal — 石炭 — burns.\n') });
    const shelf = await client.vectorStores.create({ name: 'shelf' });
    await client.vectorStores.files.createAndPoll(shelf.id, { file_id: file.id });
    await client.vectorStores.files.createAndPoll(shelf.id, { file_id: book.id });
    const [cord] = (await search({ query: 'treadle cord every six months' }, shelf.id)).json.data;
    assert.ok(cord.page <= 3 && cord.last_page >= 3, JSON.stringify(cord));
    const [coal] = (await search({ query: '石炭' }, shelf.id)).json.data;
    assert.equal(coal.page, undefined);
    const passage = [...coal.content[0].text].slice(coal.start_index, coal.end_index).join('');
    assert.match(passage, /The coal — 石炭 — burns\.$/);
    assert.match(coal.heading, /^Forge/);
});

test('an expired store is not searched', async () => {
    const brief = await client.vectorStores.create({ name: 'brief',
        expires_after: { anchor: 'last_active_at', days: 1 } });
    const before_ = (await client.vectorStores.retrieve(brief.id)).last_active_at;
    assert.equal((await search({ query: 'x' }, brief.id)).status, 200);
    assert.ok((await client.vectorStores.retrieve(brief.id)).last_active_at >= before_);
});
