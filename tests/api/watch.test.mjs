// treadle watch: a run in the terminal, as it happens and afterwards; and ask, which shows its answer
// as it comes where somebody looks.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { directory, launch, program, run as finish, until, within } from './harness.mjs';
import { call, calls, gate, modelServer, quote, say, script, turns } from './model_server.mjs';
import { loomManual } from './pdf.mjs';
import { folded } from './protocol.mjs';
import { follow } from './sse.mjs';
import { outputsFor, steered } from './steered.mjs';

const ESCAPE = /\u001b/;

/** A command under way, whose output can be looked at meanwhile. */
function begin(t, file, parameters, env = {}) {
    const child = spawn(file, parameters, { stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: '/nonexistent', TERM: 'xterm',
            ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '', ...env } });
    const command = { child, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', text => { command.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', text => { command.stderr += text; });
    const closed = once(child, 'close').then(([code, signal]) => {
        command.closed = true;
        return { code, signal };
    });
    t.after(() => command.closed || child.kill('SIGKILL'));
    command.shows = wanted => until(`${wanted} is shown`, () => {
        if (command.stdout.includes(wanted)) return true;
        if (command.closed) throw new Error(`ended before: ${command.stdout}${command.stderr}`);
        return false;
    });
    command.ends = async status => {
        const { code } = await within(60000, parameters[0], closed);
        assert.equal(code, status, `${command.stdout}\n${command.stderr}`);
        return command.stdout;
    };
    return command;
}

const watch = (t, server, run, ...more) =>
    begin(t, program, ['watch', run.id, '--server', server.url, ...more]);

test('a run that is at work', async t => {
    const kit = await steered(t);

    await t.test('its text is shown as it comes', async t2 => {
        const run = await kit.start(script(say('One', gate('two'), ' two.\u001b[31m')));
        const watched = watch(t2, kit.server, run);
        await watched.shows('One');
        assert.doesNotMatch(watched.stdout, /two/);
        kit.model.release('two');
        const shown = await watched.ends(0);
        assert.match(shown, new RegExp(`^${run.id}: queued\n${run.id}: in_progress\n`));
        assert.match(shown, /^step_\w+ message_creation: in_progress\n\nOne two\.\\x1b\[31m\n\n/m);
        assert.match(shown, /^step_\w+ message_creation: completed$/m);
        assert.match(shown, new RegExp(
            `^${run.id}: completed, 11 prompt \\+ 7 completion = 18 tokens\n$`, 'm'));
        assert.doesNotMatch(shown, ESCAPE);
        assert.equal(watched.stderr, '');
    });
    await t.test('it waits for outputs, and is followed after them', async t2 => {
        const run = await kit.start(turns(calls(['get_weather', { city: 'Paris\n' }],
            ['get_time']), quote));
        const watched = watch(t2, kit.server, run);
        await watched.shows(': get_time({})');
        const waiting = await kit.reaches(run, 'requires_action');
        await kit.submit(waiting, outputsFor(waiting));
        const shown = await watched.ends(0);
        assert.match(shown, /^ {2}get_weather \{"city":"Paris\\n"\}\n {2}get_time \{\}$/m);
        assert.match(shown,
            /: requires_action\n {2}waits for the output of call_\w+: get_weather\(\{"city":"Paris/);
        assert.match(shown, /^step_\w+ tool_calls: completed, get_weather\(.*\), answered; get_time/m);
        assert.match(shown, /^\[get_weather → output of get_weather\]/m);
        assert.equal(shown.match(/: requires_action/g).length, 1);
    });
    await t.test('it is cancelled', async t2 => {
        const run = await kit.start(script({ ...say('Half'), hang: true }));
        const watched = watch(t2, kit.server, run);
        await watched.shows('Half');
        await kit.client.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
        const shown = await watched.ends(1);
        assert.match(shown, /^msg_\w+: incomplete, run_cancelled$/m);
        assert.match(shown, new RegExp(`^${run.id}: cancelled`, 'm'));
    });
    await t.test('it fails, and the reason is shown', async t2 => {
        const run = await kit.start(script({ status: 400, body: { error: { message: 'No.' } } }));
        assert.match(await watch(t2, kit.server, run).ends(1),
            new RegExp(`^${run.id}: failed, .*No\\.`, 'm'));
    });
    await t.test('it continues when the watcher is interrupted', async t2 => {
        const run = await kit.start(script(say('Then', gate('rest'), ' more.')));
        const watched = watch(t2, kit.server, run);
        await watched.shows('Then');
        watched.child.kill('SIGINT');
        await once(watched.child, 'close');
        kit.model.release('rest');
        await kit.reaches(run, 'completed');
    });
    await t.test('its thread is deleted', async t2 => {
        const run = await kit.start(script({ ...say('Half'), hang: true }));
        const watched = watch(t2, kit.server, run);
        await watched.shows('Half');
        await kit.client.beta.threads.delete(run.thread_id);
        await watched.ends(1);
        assert.match(watched.stderr, new RegExp(`^treadle: .*${run.id}`, 'm'));
    });
    await t.test('nobody reads what is shown', async t2 => {
        const run = await kit.start(script({ ...say('a', 'b', 'c'), pause: 50 }));
        const watched = watch(t2, kit.server, run);
        await watched.shows('queued');
        watched.child.stdout.destroy();
        await once(watched.child, 'close');
        assert.equal(watched.stderr, '');
    });
});

test('a run that has ended', async t => {
    const kit = await steered(t);
    const run = await kit.run(script(say('One', ' two', ' three.')));
    const frames = await (await follow(kit.server, run)).all();
    let shown;

    await t.test('is shown again, as often as wanted', async t2 => {
        shown = await watch(t2, kit.server, run).ends(0);
        assert.match(shown, /^One two three\.$/m);
        assert.equal(await watch(t2, kit.server, run).ends(0), shown);
    });
    await t.test('--json gives the events of the protocol, one a line', async t2 => {
        const lines = (await watch(t2, kit.server, run, '--json').ends(0)).trimEnd().split('\n');
        assert.deepEqual(lines.map(JSON.parse), frames);
    });
    await t.test('--after begins after an event', async t2 => {
        for (const { number } of [{ number: 0 }, frames[2], frames.at(-2)]) {
            const lines = (await watch(t2, kit.server, run, '--json', '--after', `${number}`).ends(0))
                .trimEnd().split('\n');
            assert.deepEqual(lines.map(JSON.parse), frames.filter(f => f.number > number));
        }
    });
    await t.test('after its last event its end is shown', async t2 => {
        const last = `${frames.at(-1).number}`;
        assert.match(await watch(t2, kit.server, run, '--after', last).ends(0),
            new RegExp(`^${run.id}: completed, .* tokens\n$`));
        assert.equal(await watch(t2, kit.server, run, '--after', last, '--json').ends(0), '');
    });
    await t.test('a run that nobody knows', async () => {
        const { code, stdout, stderr } =
            await finish(['watch', 'run_nothing', '--server', kit.server.url]);
        assert.equal(code, 1);
        assert.equal(stdout, '');
        assert.match(stderr, /^treadle: the run cannot be found: .*run_nothing.*\(status 404\)\n$/);
    });
    for (const parameters of [[], ['run_a', 'run_b'], [''], ['run_a', '--after', '-1'],
        ['run_a', '--after', 'x']])
        await t.test(`wrong usage: ${parameters.join(' ')}`, async () => {
            assert.equal((await finish(['watch', ...parameters])).code, 2);
        });
    await t.test('no server runs', async () => {
        const { store } = kit.server;
        await kit.server.stop();
        const { code, stdout, stderr } = await finish(['watch', run.id, '--store', store]);
        assert.equal(code, 0, stderr);
        assert.equal(stdout, shown);
    });
});

/** A way to the server on which no connection lasts; gives its URL and how many were cut. */
async function brittle(t, server) {
    const { hostname, port } = new URL(server.url);
    const way = { cut: 0 };
    const listener = net.createServer(near => {
        const far = net.connect(Number(port), hostname);
        const end = () => {
            near.destroy();
            far.destroy();
        };
        far.once('data', () => setTimeout(() => {
            way.cut += far.destroyed ? 0 : 1;
            end();
        }, 30));
        for (const socket of [near, far]) socket.on('error', end).on('close', end);
        near.pipe(far).pipe(near);
    });
    await new Promise(done => listener.listen(0, '127.0.0.1', done));
    t.after(() => listener.close());
    return Object.assign(way, { url: `http://127.0.0.1:${listener.address().port}` });
}

test('a connection that breaks repeatedly', async t => {
    const kit = await steered(t);
    const way = await brittle(t, kit.server);
    const said = Array.from({ length: 100 }, (_, i) => `word ${i}, `);
    const run = await kit.start(script({ ...say(...said), pause: 5 }));
    const lines = (await watch(t, way, run, '--json').ends(0)).trimEnd().split('\n').map(JSON.parse);
    assert.ok(way.cut > 3, `${way.cut} connections were cut`);
    const frames = await (await follow(kit.server, run)).all();
    assert.deepEqual(folded(lines), folded(frames));
});

test('a server that is killed and comes back', async t => {
    const model = await modelServer(t);
    const store = path.join(directory(t), 'store');
    const begins = listen => launch({ store, listen: [listen], arguments: ['--model-url', model.url] });
    const first = await begins('127.0.0.1:0');
    t.after(() => first.stopped || first.kill());
    const assistant = await first.client.beta.assistants.create({ model: 'scripted-1',
        tools: [{ type: 'function', function: { name: 'get_time' } }] });
    const start = content => first.client.beta.threads.createAndRun({ assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content }] } });
    const asking = await start(turns(call('get_time'), quote));
    const speaking = await start(script({ ...say('Half an', ' answer'), hang: true }));
    const watched = [asking, speaking].map(run => watch(t, first, run));
    await watched[0].shows('waits for the output');
    await watched[1].shows('Half an answer');
    await first.kill();
    const second = await begins(first.url.replace('http://', ''));
    t.after(() => second.stopped || second.stop());

    await t.test('a run that was at work has failed', async () => {
        const shown = await watched[1].ends(1);
        assert.equal(shown.match(/Half an answer/g).length, 1);
        assert.match(shown, new RegExp(`^${speaking.id}: failed, `, 'm'));
    });
    await t.test('a run that waited continues', async () => {
        const run = await second.client.beta.threads.runs.retrieve(asking.id,
            { thread_id: asking.thread_id });
        await second.client.beta.threads.runs.submitToolOutputs(run.id,
            { thread_id: run.thread_id, tool_outputs: outputsFor(run) });
        assert.match(await watched[0].ends(0), /^\[get_time → output of get_time\]$/m);
    });
});

test('citations are numbered, and their sources follow', async t => {
    const home = directory(t);
    const manual = path.join(home, 'loom.pdf');
    const env = { TREADLE_STORE: path.join(home, 'store'), HOME: home };
    fs.writeFileSync(manual, loomManual());
    const { stdout: asked } = await finish(
        ['ask', manual, '-q', 'When should I replace the treadle cord?', '--json'], { env });
    const { run } = JSON.parse(asked);
    const { code, stdout } = await finish(['watch', run.id], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^step_\w+ tool_calls: completed, file_search: \d+ results?, best loom\.pdf/m);
    assert.match(stdout, /every six months.*\[1\]/);
    assert.match(stdout, /\nSources:\n\[1\] loom\.pdf, page 3\n$/);
    assert.doesNotMatch(stdout, /【/);
});

test('on a terminal', async t => {
    // A model that is known to call tools is not held back where it makes no call.
    const kit = await steered(t, { arguments: ['--model-tools', 'yes'] });
    const quoted = text => `'${text.replaceAll('\'', '\'\\\'\'')}'`;
    const terminal = (t2, parameters, env) => begin(t2, 'script', ['-qefc',
        [program, ...parameters].map(quoted).join(' '), '/dev/null'], env);

    await t.test('states have colours, unless NO_COLOR is set', async t2 => {
        const run = await kit.run(script(say('x')));
        const parameters = ['watch', run.id, '--server', kit.server.url];
        assert.ok((await terminal(t2, parameters).ends(0)).includes(
            `${run.id}: \u001b[32mcompleted\u001b[0m, `));
        assert.doesNotMatch(await terminal(t2, parameters, { NO_COLOR: '1' }).ends(0), ESCAPE);
    });
    await t.test('ask shows its answer as it comes', async t2 => {
        const file = path.join(directory(t2), 'a.txt');
        fs.writeFileSync(file, 'Nothing much.');
        const asked = terminal(t2, ['ask', file, '--server', kit.server.url, '--model', 'scripted-1',
            '-q', script(say('First', gate('second'), ' second.'))]);
        await asked.shows('First');
        assert.doesNotMatch(asked.stdout, / second\./);
        kit.model.release('second');
        const shown = await asked.ends(0);
        assert.match(shown, /\u001b\[KFirst second\.\r\n\r\n/);
        assert.equal(shown.match(/First/g).length, 1);
        assert.match(shown, /message_creation/);
    });
    await t.test('ask whose run fails says so', async t2 => {
        const file = path.join(directory(t2), 'a.txt');
        fs.writeFileSync(file, 'Nothing much.');
        const asked = terminal(t2, ['ask', file, '--server', kit.server.url, '--model', 'scripted-1',
            '-q', script({ ...say('Half an answer'), cut: true })]);
        assert.match(await asked.ends(1), /Half an answer\r\n[^]*ended as failed: /);
    });
});
