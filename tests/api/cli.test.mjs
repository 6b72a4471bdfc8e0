// The command line as a user types it: ask, runs, steps, and what it says when something is wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { misfits } from './contract.mjs';
import { directory, run, serve } from './harness.mjs';
import { loomManual, makePdf } from './pdf.mjs';

const QUESTION = 'When should I replace the treadle cord?';

/** A home of its own with a manual in it, and the environment of a store there. */
function desk(t) {
    const home = directory(t);
    const manual = path.join(home, 'loom.pdf');
    fs.writeFileSync(manual, loomManual());
    return { home, manual, env: { TREADLE_STORE: path.join(home, 'store'), HOME: home } };
}

test('version and help', async t => {
    await t.test('--version', async () => {
        const { code, stdout, stderr } = await run(['--version']);
        assert.equal(code, 0);
        assert.match(stdout, /^treadle \d+\.\d+\.\d+\n$/);
        assert.equal(stderr, '');
    });
    await t.test('--help names every command', async () => {
        const { code, stdout } = await run(['--help']);
        assert.equal(code, 0);
        for (const name of ['serve', 'ask', 'runs', 'steps', 'watch']) assert.match(stdout,
            new RegExp(`^  ${name} `, 'm'));
    });
    for (const name of ['serve', 'ask', 'runs', 'steps', 'watch'])
        await t.test(`${name} --help`, async () => {
            const { code, stdout } = await run([name, '--help']);
            assert.equal(code, 0);
            assert.match(stdout, new RegExp(`^Usage: treadle ${name} `));
            assert.match(stdout, /--store/);
        });
});

test('wrong usage is status 2, on stderr', async t => {
    const { manual, env } = desk(t);
    const cases = { 'no command': [], 'an unknown command': ['aks'], 'an unknown flag':
        ['ask', manual, '-q', 'x', '--nothing'], 'no question': ['ask', manual],
    'an empty question': ['ask', manual, '-q', ''], 'a question of spaces': ['ask', manual, '-q', ' \n'],
    'no file': ['ask', '-q', 'x'], 'a flag without its value': ['ask', manual, '-q'],
    'steps of nothing': ['steps'], 'steps of two': ['steps', 'run_a', 'run_b'],
    'runs of something': ['runs', 'x'], 'a limit that is none': ['runs', '--limit', '0'],
    'a status that is none': ['runs', '--status', 'asleep'],
    'a log level that is none': ['serve', '--log-level', 'loud'] };
    for (const [name, parameters] of Object.entries(cases))
        await t.test(name, async () => {
            const { code, stdout, stderr } = await run(parameters, { env });
            assert.equal(code, 2, stderr);
            assert.equal(stdout, '');
            assert.ok(stderr.length > 0);
        });
    assert.ok(!fs.existsSync(env.TREADLE_STORE), 'wrong usage made a store');
});

test('ask', async t => {
    const { home, manual, env } = desk(t);
    let first;
    await t.test('answers with file and page, then the steps', async () => {
        const { code, stdout, stderr } = await run(['ask', manual, '-q', QUESTION], { env });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /every six months/);
        assert.match(stdout, /^\[1\] loom\.pdf, page 3$/m);
        for (const title of ['STEP', 'TYPE', 'STATUS', 'STARTED', 'DURATION', 'TOKENS', 'WHAT IT DID'])
            assert.ok(stdout.includes(title), title);
        assert.match(stdout, /^step_\w{24} +tool_calls +completed /m);
        assert.match(stdout, /^step_\w{24} +message_creation +completed /m);
        assert.doesNotMatch(stdout, /\u001b/);
        assert.doesNotMatch(stdout, /【/);
        first = stdout.split('\nSources:')[0];
    });
    await t.test('again without reading the file again', async () => {
        const { code, stdout } = await run(['ask', manual, '-q', QUESTION], { env });
        assert.equal(code, 0);
        assert.equal(stdout.split('\nSources:')[0], first);
        const { stdout: listed } = await run(['runs', '--json'], { env });
        assert.equal(JSON.parse(listed).data.length, 2);
        const blobs = fs.readdirSync(path.join(env.TREADLE_STORE, 'files'), { recursive: true })
            .filter(name => path.basename(String(name)).startsWith('file-'));
        assert.equal(blobs.length, 1);
    });
    await t.test('a file that changed is read anew', async () => {
        fs.writeFileSync(manual, makePdf([['The treadle'], [],
            ['Replace the treadle cord every nine weeks.']]));
        const { stdout } = await run(['ask', manual, '-q', QUESTION], { env });
        assert.match(stdout, /nine weeks/);
        assert.doesNotMatch(stdout, /six months/);
        fs.writeFileSync(manual, loomManual());
    });
    await t.test('--json gives the objects of the protocol', async () => {
        const { code, stdout } = await run(['ask', manual, '-q', QUESTION, '--json'], { env });
        assert.equal(code, 0);
        const { run: made, messages, steps } = JSON.parse(stdout);
        assert.deepEqual(misfits('RunObject', made), []);
        assert.equal(made.status, 'completed');
        assert.deepEqual(misfits('ListMessagesResponse', messages), []);
        assert.deepEqual(misfits('ListRunStepsResponse', steps), []);
        assert.equal(steps.data.length, 2);
        assert.ok(messages.data.some(message => message.role === 'assistant'));
    });
    const answers = {
        'How often must the treadle cord be replaced?': ['every six months', 3],
        'When do I have to replace the cord of the treadle?': ['every six months', 3],
        'With which knot is the cord tied?': ['bowline knot', 3],
        'Which oil is used for the shuttle race?': ['camellia oil', 4],
        'How many drops of oil does the shuttle race need?': ['two drops', 4],
        'Why must mineral oil not be used?': ['stains the cloth', 4],
        'How much tension does the warp have?': ['forty newtons', 2],
    };
    for (const [question, [phrase, page]] of Object.entries(answers))
        await t.test(question, async () => {
            const { stdout } = await run(['ask', manual, '-q', question], { env });
            assert.ok(stdout.includes(phrase), stdout);
            assert.match(stdout, new RegExp(`^\\[1\\] loom\\.pdf, page ${page}$`, 'm'));
        });
    await t.test('the question from standard input', async () => {
        const { code, stdout } = await run(['ask', manual, '-q', '-'],
            { env, input: `${QUESTION}\n` });
        assert.equal(code, 0);
        assert.match(stdout, /every six months/);
    });
    await t.test('several files, each cited by its name', async () => {
        const other = path.join(home, 'kiln.pdf');
        fs.writeFileSync(other, makePdf([['The Kiln'], ['Glaze is fired at 1240 degrees.']]));
        const { code, stdout } = await run(['ask', manual, other, '-q',
            'What is glaze fired at?'], { env });
        assert.equal(code, 0);
        assert.match(stdout, /1240 degrees/);
        assert.match(stdout, /^\[1\] kiln\.pdf, page 2$/m);
    });
    await t.test('a name with spaces, quotes, newlines and a dash in front', async () => {
        const name = '-a "b" $HOME `x`\n\u001b[31mé.pdf';
        fs.copyFileSync(manual, path.join(home, name));
        const { code, stdout, stderr } = await run(['ask', `./${name}`, '-q', QUESTION],
            { env, cwd: home });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /every six months/);
        // What a terminal would obey is shown, not sent.
        assert.doesNotMatch(stdout, /\u001b/);
    });
    await t.test('nothing that answers', async () => {
        const { code, stdout } = await run(['ask', manual, '-q',
            'Which mountain is the highest of Greenland?'], { env });
        assert.equal(code, 0);
        assert.doesNotMatch(stdout, /^Sources:/m);
    });
    const bad = { 'no such file': 'missing.pdf', 'a directory': '.', 'an empty file': 'empty.pdf',
        'a text named .pdf': 'text.pdf' };
    fs.writeFileSync(path.join(home, 'empty.pdf'), '');
    fs.writeFileSync(path.join(home, 'text.pdf'), 'This is no PDF.\n');
    for (const [name, file] of Object.entries(bad))
        await t.test(`${name} is status 1 and a reason`, async () => {
            const { code, stdout, stderr } = await run(['ask', file, '-q', QUESTION],
                { env, cwd: home });
            assert.equal(code, 1, stderr);
            assert.equal(stdout, '');
            assert.match(stderr, /^treadle: .{10}/);
            assert.equal(stderr.trim().split('\n').length, 1, stderr);
        });
    await t.test('a question of 1 MB is refused in words', async () => {
        const { code, stderr } = await run(['ask', manual, '-q', '-'],
            { env, input: 'Why? '.repeat(200000) });
        assert.notEqual(code, 0);
        assert.match(stderr, /^treadle: .*(long|maximum)/);
    });
    await t.test('no socket or directory of its own is left', () => {
        const left = fs.readdirSync(home).filter(name => !/\.pdf$|^store$/.test(name));
        assert.deepEqual(left, []);
    });
});

test('runs and steps', async t => {
    const { manual, env } = desk(t);
    await t.test('a store without runs', async () => {
        const { code, stdout } = await run(['runs', '--json'], { env });
        assert.equal(code, 0);
        assert.deepEqual(JSON.parse(stdout), { object: 'list', data: [], first_id: null,
            last_id: null, has_more: false });
        assert.equal((await run(['runs'], { env })).code, 0);
    });
    await run(['ask', manual, '-q', QUESTION], { env });
    await run(['ask', manual, '-q', 'Which oil is used?'], { env });
    let made;
    await t.test('runs, newest first', async () => {
        const { stdout } = await run(['runs', '--json'], { env });
        const list = JSON.parse(stdout);
        assert.deepEqual(misfits('ListRunsResponse', list), []);
        made = list.data;
        assert.equal(made.length, 2);
        for (const item of made) assert.deepEqual(misfits('RunObject', item), []);
        assert.ok(made[0].created_at >= made[1].created_at);
        const table = await run(['runs'], { env });
        assert.equal(table.code, 0);
        assert.ok(table.stdout.indexOf(made[0].id) < table.stdout.indexOf(made[1].id));
        const one = await run(['runs', '--limit', '1'], { env });
        assert.ok(one.stdout.includes(made[0].id) && !one.stdout.includes(made[1].id));
        const none = await run(['runs', '--status', 'failed', '--json'], { env });
        assert.deepEqual(JSON.parse(none.stdout).data, []);
    });
    await t.test('the steps of a run', async () => {
        const { code, stdout } = await run(['steps', made[1].id], { env });
        assert.equal(code, 0);
        assert.match(stdout, /tool_calls .*\n[^]*message_creation /);
        const span = '(?:<1|[0-9.]+) m?s';
        assert.match(stdout, new RegExp(`\n\nQueued ${span}, model ${span}, tools ${span}; ` +
            `the first word came after ${span}\\.\n$`));
        const { stdout: listed } = await run(['steps', made[1].id, '--json'], { env });
        const { data: steps, times } = JSON.parse(listed);
        assert.equal(times.run_id, made[1].id);
        assert.ok(times.model_us > 0 && times.tool_us > 0 && times.first_us > 0);
        assert.deepEqual(steps.map(step => step.type), ['tool_calls', 'message_creation']);
        for (const step of steps) assert.deepEqual(misfits('RunStepObject', step), []);
    });
    await t.test('the steps of no run', async () => {
        const { code, stdout, stderr } = await run(['steps', 'run_nothing'], { env });
        assert.equal(code, 1);
        assert.equal(stdout, '');
        assert.match(stderr, /No run found with id 'run_nothing'/);
    });
    await t.test('an id that is no id', async () => {
        const { code, stderr } = await run(['steps', '../../x y'], { env });
        assert.equal(code, 1);
        assert.match(stderr, /^treadle: /);
    });
});

test('with a server', async t => {
    const { home, manual } = desk(t);
    const socket = path.join(home, 's');
    const server = await serve(t, { listen: ['127.0.0.1:0', `unix:${socket}`] });
    const env = { HOME: home };
    await t.test('over TCP', async () => {
        const { code, stdout, stderr } = await run(['ask', manual, '-q', QUESTION, '--server',
            server.url], { env });
        assert.equal(code, 0, stderr);
        assert.match(stdout, /every six months/);
    });
    await t.test('over a Unix socket, named by the environment', async () => {
        const { code, stdout, stderr } = await run(['runs', '--json'],
            { env: { ...env, TREADLE_SERVER: `unix:${socket}` } });
        assert.equal(code, 0, stderr);
        assert.equal(JSON.parse(stdout).data.length, 1);
    });
    await t.test('the store that a server has open is reached through that server', async () => {
        const { code, stdout, stderr } = await run(['runs', '--json'],
            { env: { ...env, TREADLE_STORE: server.store } });
        assert.equal(code, 0, stderr);
        assert.equal(JSON.parse(stdout).data.length, 1);
    });
    await t.test('the socket is for its owner alone', () => {
        assert.equal(fs.statSync(socket).mode & 0o077, 0);
    });
    await t.test('nothing listens there', async () => {
        const { code, stderr } = await run(['runs', '--server', 'http://127.0.0.1:1'], { env });
        assert.equal(code, 1);
        assert.match(stderr, /^treadle: /);
    });
    await t.test('the server stops in order and takes its socket along', async () => {
        await server.stop();
        assert.ok(!fs.existsSync(socket));
    });
});

test('output that cannot be written is reported', async t => {
    if (!fs.existsSync('/dev/full')) return t.skip('there is no /dev/full');
    const { env } = desk(t);
    const { spawnSync } = await import('node:child_process');
    const full = fs.openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.env.TREADLE_BIN, ['--version'],
        { stdio: ['ignore', full, 'pipe'], env: { ...process.env, ...env }, encoding: 'utf8' });
    fs.closeSync(full);
    assert.equal(status, 1);
    assert.match(stderr, /^treadle: /);
});
