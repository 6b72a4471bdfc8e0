// Reading documents as those feel it who wait for it: pages that take too long, files that keep
// others waiting, files that are deleted while they are read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { directory, run, serve, until, upload } from './harness.mjs';
import { makePdf, slowPage } from './pdf.mjs';

const FRUIT = ['Apples are red.'], TREES = ['Oaks grow slowly.'];

async function send(client, name, content) {
    return (await client.files.create({ file: upload(name, content), purpose: 'assistants' })).id;
}

/** A file of a vector store once it was read, or failed. */
async function settled(client, store, file) {
    let found;
    await until('the file is read', async () => {
        found = await client.vectorStores.files.retrieve(file, { vector_store_id: store });
        return found.status !== 'in_progress';
    });
    return found;
}

test('pages that take too long', async t => {
    const server = await serve(t, { arguments: ['--page-timeout', '1'] });
    const { client } = server;
    const store = (await client.vectorStores.create({ name: 'slow' })).id;
    const add = async (name, pages) => {
        const file = await send(client, name, makePdf(pages));
        await client.vectorStores.files.create(store, { file_id: file });
        return settled(client, store, file);
    };

    await t.test('are left out, and the file says so', async () => {
        const file = await add('gap.pdf', [FRUIT, slowPage, TREES]);
        assert.equal(file.status, 'completed');
        assert.equal(file.last_error, null);
        assert.deepEqual(file.notices, [{
            code: 'page_timeout',
            message:
                'Page 2 was left out, because reading it took longer than a page may take.',
            pages: '2',
            page_count: 1,
        }]);
        const { data } = await client.vectorStores.files.content(file.id,
            { vector_store_id: store });
        assert.match(data[0].text, /Apples are red.*Oaks grow slowly/s);
    });
    await t.test('a file of which little is left fails', async () => {
        const file = await add('ruin.pdf', [slowPage, slowPage, FRUIT]);
        assert.equal(file.status, 'failed');
        assert.equal(file.last_error.code, 'invalid_file');
        assert.match(file.last_error.message, /1 of its 3 pages\. Pages 1-2 were left out/);
        assert.equal(file.notices, undefined);
    });
    await t.test('ask names them', async () => {
        const manual = path.join(directory(t), 'gap.pdf');
        fs.writeFileSync(manual, makePdf([FRUIT, slowPage, TREES]));
        const { code, stderr } = await run(['ask', manual, '-q', 'How do oaks grow?',
            '--server', server.url], { env: {} });
        assert.equal(code, 0, stderr);
        assert.match(stderr, /gap\.pdf: Page 2 was left out/);
    });
});
