// `treadle export` and `treadle import`: objects as GET prints them, with contents, and back again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { directory, filesBelow, launch, post, run, serve, until } from './harness.mjs';
import { everything, fill } from './moving.mjs';

const lines = (...names) => fs.readFileSync(path.join(...names), 'utf8').split('\n').slice(0, -1)
    .map(line => JSON.parse(line));
const exported = async (store, target, ...options) => {
    const result = await run(['export', '--store', store, ...options, target]);
    assert.equal(result.code, 0, result.stderr);
    return JSON.parse(fs.readFileSync(path.join(target, 'manifest.json'), 'utf8'));
};

test('an export has what GET prints, while the store is served and when it is not', async t => {
    const home = directory(t);
    const server = await launch({ store: path.join(home, 'store') });
    const { file } = await fill(server, 'weaving');
    await fill(server, '.hidden');
    const all = await everything(server, 'weaving');
    const manifest = await exported(server.store, path.join(home, 'a'), '--all-projects');
    assert.deepEqual(manifest.projects, ['.hidden', 'weaving']);
    assert.deepEqual(fs.readdirSync(path.join(home, 'a', 'projects')).sort(), ['%2Ehidden', 'weaving']);
    assert.deepEqual(fs.readdirSync(path.join(server.store, 'backups')), []);
    await server.stop();
    await exported(server.store, path.join(home, 'b'), '--project', 'weaving');

    for (const place of [path.join(home, 'a/projects/weaving'), path.join(home, 'b/projects/weaving')]) {
        const messages = [];
        const runs = [];
        const steps = [];
        for (const name of ['assistants', 'files', 'vector_stores', 'threads'])
            assert.deepEqual(lines(place, `${name}.jsonl`), all[`/v1/${name}`]);
        for (const thread of all['/v1/threads']) {
            messages.push(...all[`/v1/threads/${thread.id}/messages`]);
            for (const one of all[`/v1/threads/${thread.id}/runs`]) {
                runs.push(one);
                steps.push(...all[`/v1/threads/${thread.id}/runs/${one.id}/steps`]);
            }
        }
        assert.equal(messages.length, 12);
        assert.deepEqual(lines(place, 'messages.jsonl'), messages);
        assert.deepEqual(lines(place, 'runs.jsonl'), runs);
        assert.deepEqual(lines(place, 'run_steps.jsonl'), steps);
        assert.match(JSON.stringify(steps), /carries the weft/);
        assert.equal(fs.readFileSync(path.join(place, 'contents', file.id), 'utf8'),
            'The shuttle of weaving carries the weft.');
    }
    // The manifest names every other file, with its length and its checksum.
    const named = filesBelow(path.join(home, 'a'))
        .filter(name => fs.statSync(path.join(home, 'a', name)).isFile() && name !== 'manifest.json');
    assert.deepEqual(Object.keys(manifest.files).sort(), named.sort());
    for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
        const content = fs.readFileSync(path.join(home, 'a', name));
        assert.equal(content.length, bytes, name);
        assert.equal(crypto.createHash('sha256').update(content).digest('hex'), sha256, name);
        assert.equal(fs.statSync(path.join(home, 'a', name)).mode & 0o777, 0o600);
    }
    assert.deepEqual(manifest.missing_contents, []);
    assert.equal(manifest.counts.messages, 24);
});

test('parts of a project are exported where they are named', async t => {
    const server = await serve(t);
    const home = directory(t);
    await fill(server, 'default');
    const [thread] = (await everything(server, 'default'))['/v1/threads'];
    let manifest = await exported(server.store, path.join(home, 'one'), '--thread', thread.id);
    assert.equal(manifest.counts.threads, 1);
    assert.equal(manifest.counts.messages, 4);
    assert.equal(manifest.counts.files, 0);
    manifest = await exported(server.store, path.join(home, 'few'), '--without', 'steps,contents');
    assert.deepEqual(filesBelow(path.join(home, 'few')).filter(name => /contents|run_steps/.test(name)), []);
    assert.equal(manifest.counts.run_steps, 0);
    assert.equal(manifest.counts.files, 2);
});

test('what cannot be exported is refused, and nothing is left', async t => {
    const server = await serve(t);
    const home = directory(t);
    const refused = async (code, words, ...parameters) => {
        const result = await run(['export', '--store', server.store, ...parameters]);
        assert.equal(result.code, code, result.stderr);
        assert.match(result.stderr, words);
        assert.deepEqual(fs.readdirSync(path.join(server.store, 'backups')), []);
    };
    fs.mkdirSync(path.join(home, 'full'));
    fs.writeFileSync(path.join(home, 'full', 'mine'), 'x');
    await exported(server.store, path.join(home, 'none'));
    await refused(1, /not an empty directory/, path.join(home, 'full'));
    assert.deepEqual(fs.readdirSync(path.join(home, 'full')), ['mine']);
    await refused(1, /not the name of a project/, '--project', '../x', path.join(home, 'new'));
    await refused(1, /No thread found/, '--thread', 'thread_none', path.join(home, 'new'));
    await refused(2, /--without/, '--without', 'messages', path.join(home, 'new'));
    await refused(2, /name the directory/);
    assert.ok(!fs.existsSync(path.join(home, 'new', 'manifest.json')));
});

const imported = async (store, code, ...parameters) => {
    const result = await run(['import', '--store', store, '--json', ...parameters]);
    assert.equal(result.code, code, result.stderr);
    assert.ok(result.stdout, result.stderr);
    const report = JSON.parse(result.stdout);
    const sum = name => report.kinds.reduce((all, kind) => all + kind[name], 0);
    return { ...report, stderr: result.stderr, found: sum('found'), created: sum('created'),
        unchanged: sum('unchanged'), skipped: sum('skipped'), replaced: sum('replaced'),
        failed: sum('failed') };
};
const indexed = server => until('all files are read', async () =>
    (await everything(server, 'default'))['/v1/vector_stores'].every(store => store.status === 'completed'));
/** Times of indexing are the new store's own. */
const lasting = all => JSON.parse(JSON.stringify(all, (name, value) =>
    name === 'last_active_at' ? 0 : value));

test('an export that is imported into an empty store gives the same answers', async t => {
    const home = directory(t);
    const first = await launch({ store: path.join(home, 'first') });
    await fill(first, 'default');
    const all = await everything(first, 'default');
    await exported(first.store, path.join(home, 'dump'));
    await first.stop();

    const second = await launch({ store: path.join(home, 'second') });
    const dry = await imported(second.store, 0, '--dry-run', path.join(home, 'dump'));
    assert.equal(dry.created, dry.found);
    assert.deepEqual((await everything(second, 'default'))['/v1/threads'], []);
    const report = await imported(second.store, 0, path.join(home, 'dump'));
    assert.equal(report.created, report.found);
    assert.deepEqual(report.notes, []);
    await indexed(second);
    assert.deepEqual(lasting(await everything(second, 'default')), lasting(all));
    await second.stop();

    // Once more, while no server runs: nothing changes.
    const again = await imported(second.store, 0, path.join(home, 'dump'));
    assert.equal(again.unchanged, again.found);
    const third = await launch({ store: second.store });
    t.after(() => third.stop());
    assert.deepEqual(lasting(await everything(third, 'default')), lasting(all));
    const stored = fs.existsSync(path.join(third.store, 'backups'))
        ? fs.readdirSync(path.join(third.store, 'backups')) : [];
    assert.deepEqual(stored, []);
});

test('forms, ids and states that are not ours', async t => {
    const home = directory(t);
    const server = await serve(t);
    const write = (name, text) => {
        fs.writeFileSync(path.join(home, name), typeof text === 'string' ? text : JSON.stringify(text));
        return path.join(home, name);
    };
    const message = (i, more) => ({ id: `msg_${i}`, object: 'thread.message', created_at: 1700000000,
        thread_id: 'thread_a', role: i % 2 ? 'assistant' : 'user', content: [{ type: 'text',
            text: { value: `text ${i}`, annotations: i % 2 ? [{ type: 'url_citation', text: 'x',
                url_citation: { url: 'http://a/' }, start_index: 0, end_index: 1 }] : [] } }],
        metadata: {}, ...more });
    const newest = [5, 4, 3, 2, 1, 0].map(i => message(i));
    // Pages of a list, newest first, of one second; the thread itself was not saved.
    write('1.json', { object: 'list', data: newest.slice(0, 3), has_more: true });
    write('2.json', JSON.stringify({ object: 'list', data: newest.slice(3), has_more: false }, null, 2));
    let report = await imported(server.store, 0, home);
    assert.equal(report.created, 7);
    assert.match(report.stderr, /has_more/);
    const list = (await everything(server, 'default'))['/v1/threads/thread_a/messages'];
    assert.deepEqual(list.map(({ id }) => id), [0, 1, 2, 3, 4, 5].map(i => `msg_${i}`));
    assert.equal(list[1].content[0].text.annotations[0].url_citation.url, 'http://a/');
    report = await imported(server.store, 0, home);
    assert.equal(report.created + report.skipped, 0);

    // An active run is expired, and its thread is free.
    const active = write('run.json', [{ id: 'run_a', object: 'thread.run', created_at: 1700000001,
        thread_id: 'thread_a', assistant_id: 'asst_none', status: 'requires_action', model: 'm',
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }, tools: [], metadata: {} }]);
    await imported(server.store, 0, active);
    const after = await everything(server, 'default');
    assert.equal(after['/v1/threads/thread_a/runs'][0].status, 'expired');
    assert.equal(after['usage of thread_a'].total_tokens, 7);
    assert.equal((await post(server, '/v1/threads/thread_a/messages',
        { role: 'user', content: 'free' })).status, 200);

    // What differs: kept, replaced, or nothing is done.
    const other = write('other.json', message(0, { metadata: { a: 'b' } }));
    assert.equal((await imported(server.store, 0, other)).skipped, 1);
    await imported(server.store, 3, '--on-conflict', 'fail', other);
    assert.equal((await imported(server.store, 0, '--on-conflict', 'replace', other)).replaced, 1);
    assert.equal((await imported(server.store, 0, other)).unchanged, 1);
    // Another project cannot take over what is here.
    assert.equal((await imported(server.store, 1, '--project', 'thief', other)).failed, 1);

    for (const id of ['../x', 'x'.repeat(200), '', 'a\\u0000b', 'a b'])
        assert.equal((await imported(server.store, 1, write('bad.json',
            `{"object":"thread","id":"${id}","created_at":1}`))).failed, 1, id);
    for (const [text, words] of [["Assistant(id='asst_1', tools=[])", /Python/],
        ["{'id': 'asst_1'}", /Python/], ['{ id: "asst_1", tools: [ [Object] ] }', /Node/],
        ['{"object":"thread"', /ends too early/], ['[]', /no objects/]]) {
        const result = await run(['import', '--store', server.store, write('bad.json', text)]);
        assert.equal(result.code, 1);
        assert.match(result.stderr, words);
    }
});

test('contents that come with an import, and those that do not', async t => {
    const home = directory(t), originals = path.join(home, 'originals');
    const server = await serve(t);
    const text = 'The pump must be serviced every 400 hours.\n';
    fs.mkdirSync(originals);
    fs.writeFileSync(path.join(originals, 'pump.txt'), text);
    const object = (id, filename, bytes) => ({ id, object: 'file', created_at: 1700000000, bytes,
        filename, purpose: 'assistants', status: 'processed' });
    const dump = path.join(home, 'files.jsonl');
    fs.writeFileSync(dump, [object('file-here', 'pump.txt', text.length),
        object('file-lost', 'lost.txt', 9), { id: 'vs_a', object: 'vector_store', name: 'a',
            created_at: 1700000000, status: 'completed', metadata: {} },
        ...['file-here', 'file-lost'].map(id => ({ id, object: 'vector_store.file',
            created_at: 1700000000, vector_store_id: 'vs_a', status: 'completed' }))]
        .map(one => `${JSON.stringify(one)}\n`).join(''));
    const report = path.join(home, 'report.json');
    const result = await run(['import', '--store', server.store, '--files', originals,
        '--report', report, dump]);
    assert.equal(result.code, 0, result.stderr);
    assert.match(fs.readFileSync(report, 'utf8'), /file-lost/);
    const content = id => fetch(`${server.url}/v1/files/${id}/content`);
    assert.equal(await (await content('file-here')).text(), text);
    const lost = await content('file-lost');
    assert.equal(lost.status, 404);
    assert.equal((await lost.json()).error.code, 'content_missing');
    const files = server.client.vectorStores.files;
    await until('the file is read', async () => (await files.retrieve('file-here',
        { vector_store_id: 'vs_a' })).status === 'completed');
    const failed = await files.retrieve('file-lost', { vector_store_id: 'vs_a' });
    assert.equal(failed.status, 'failed');
    assert.match(failed.last_error.message, /Upload the file/);
});
