// Ordinary documents: invoices, statements, tables, logs, notes, forms. What a person would ask of
// them is answered by the built-in model, with the fact in the quote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { root, serve, upload } from './harness.mjs';

const UNSURE = /^(No passage answers this directly\.|I found no passage)/;
const note = name => upload(name, fs.readFileSync(path.join(root, 'tests/eval/notes', name), 'utf8'));

test('ordinary documents answer ordinary questions', async t => {
    const { client } = await serve(t, { arguments: ['--embedding-weights', 'none'] });
    const assistants = new Map();
    const assistantFor = async names => {
        const key = names.join();
        if (!assistants.has(key)) {
            const store = await client.vectorStores.create({ name: key });
            for (const name of names) {
                const file = await client.files.create({ purpose: 'assistants', file: note(name) });
                await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id },
                    { pollIntervalMs: 20 });
            }
            assistants.set(key, await client.beta.assistants.create({ model: 'treadle-extractive',
                tools: [{ type: 'file_search' }],
                tool_resources: { file_search: { vector_store_ids: [store.id] } } }));
        }
        return assistants.get(key);
    };
    const ask = async (names, question) => {
        const run = await client.beta.threads.createAndRunPoll({
            assistant_id: (await assistantFor(names)).id,
            thread: { messages: [{ role: 'user', content: question }] } }, { pollIntervalMs: 10 });
        assert.equal(run.status, 'completed', JSON.stringify(run.last_error));
        return (await client.beta.threads.messages.list(run.thread_id)).data[0].content[0].text;
    };
    for (const [names, question, ...facts] of [
        [['invoice.txt'], 'What is the total?', '4,212.50'],
        [['statement.txt'], 'What is the balance?', '7,980.14'],
        [['products.csv'], 'price of the Tent', 'name: Tent for two; price: 189.90'],
        [['parcels.txt'], 'Where is parcel number 69999 kept?',
            'Note 9998: the parcel number 69999 is kept in room 7.'],
        [['books.json'], 'Who is the author of The Glass Harbour?',
            'title: The Glass Harbour; author: Tomas Lindqvist'],
        [['mixed.txt'], 'Bis wann gilt der Vertrag mit der Werft?', '31. Dezember 2028'],
        [['lease.txt'], 'Wie hoch ist die Kaltmiete?', '1.240,00 Euro'],
        [['server-log.txt'], 'Which node had a full disk?', '04:17:52 ERROR node-b storage: disk full'],
        [['form.txt'], '¿Cuál es el número de póliza?', '48213907'],
        [['invoice.txt', 'parcels.txt'], 'What is the total and where is parcel number 69999 kept?',
            '4,212.50', 'kept in room 7'],
    ])
        await t.test(`${names}: ${question}`, async () => {
            const { value, annotations } = await ask(names, question);
            assert.doesNotMatch(value, UNSURE);
            for (const fact of facts) assert.ok(value.includes(fact), value);
            assert.ok(annotations.length > 0);
        });
    for (const [names, question, fact] of [[['paper.md'], 'Who wrote this paper?', 'Mara Okafor']])
        await t.test(`${names}: ${question}`, async () => {
            const { value } = await ask(names, question);
            assert.ok(value.includes(fact), value);
        });
});
