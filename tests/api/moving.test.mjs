// `treadle export`: objects as GET prints them, with contents, of one moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { directory, filesBelow, launch, run, serve } from './harness.mjs';
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
