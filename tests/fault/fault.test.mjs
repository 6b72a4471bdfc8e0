// The whole server without memory: allocations fail, by a seed, while clients use all of it. Each
// request must end in success, a clear 500 or 503 or a closed connection; the server lives on, or
// exits by its own decision with a line that says why; what it acknowledged is there afterwards.
//
// $TREADLE_FAULT_SEEDS says how many seeds (a few unless set), $TREADLE_FAULT_FIRST which is the
// first. Every tenth seed starts a server without memory, every tenth stops one so.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { directory, launch, run, sleep, until, within } from '../api/harness.mjs';
import { randomOf } from '../api/random.mjs';
import { SlowModel } from '../crash/model.mjs';
import { Wire } from '../crash/wire.mjs';
import { BURST, Fault } from './fault.mjs';
import { Client, Ledger, Load, verify } from './load.mjs';

const SEEDS = Number(process.env.TREADLE_FAULT_SEEDS || 20);
const FIRST = Number(process.env.TREADLE_FAULT_FIRST || 1);
const SERVER_LASTS = 20; // seeds
const SUPPRESSIONS = fileURLToPath(new URL('leaks.supp', import.meta.url));
const REPORT = /(AddressSanitizer|LeakSanitizer|runtime error:)/;

class Bench {
    constructor(t, model, fault) {
        Object.assign(this, { model, fault, store: path.join(directory(t), 'store'), age: 0,
            ledger: new Ledger(), totals: { seeds: 0, allocations: 0, failed: 0, done: 0, refused: 0,
                broken: 0, exits: 0 } });
        t.after(() => this.server && !this.server.stopped && this.server.kill().catch(() => {}));
    }

    async start() {
        this.server = await launch({ store: this.store, arguments: ['--model-url', this.model.url, '--grace', '2'],
            env: { TREADLE_FAULT_CONTROL: this.fault.path,
                LSAN_OPTIONS: `suppressions=${SUPPRESSIONS}:print_suppressions=0` } });
        this.wire = new Wire(this.server.url);
        this.age = 0;
        this.assistant = (await this.wire.post('/assistants', { model: 'slow', tools: [{ type: 'function',
            function: { name: 'note', parameters: { type: 'object', properties: {} } } }] })).id;
    }

    /** The server ended while memory was short: by its own decision, and it said why. */
    checkExit({ code, signal }, log) {
        this.totals.exits++;
        const shown = `exit ${code} ${signal}: ${log.slice(-6000)}`;
        assert.doesNotMatch(log, REPORT, shown);
        assert.equal(signal, null, shown);
        assert.match(log.trimEnd().split('\n').at(-1), /memory|cannot|could not|thread/i, shown);
    }

    end() {
        const { count, refused } = this.fault.end();
        this.totals.seeds++;
        this.totals.allocations += count;
        this.totals.failed += refused;
    }

    async startWithout(seed) {
        this.fault.begin(seed);
        try {
            await this.start();
            this.end();
        } catch (error) {
            this.end();
            const found = /^the server ended: ([^]*)$/.exec(error.message);
            if (!found && !/: 50[03] /.test(error.message) && !/ECONN|socket hang up|cut off/.test(error.message)) throw error;
            if (found) this.checkExit({ code: 1, signal: null }, found[1]);
            if (this.server && !this.server.stopped) await this.server.stop();
            await this.start();
        }
    }

    async stop(seed) {
        this.wire.close();
        if (seed !== undefined) this.fault.begin(seed);
        try {
            await this.server.stop();
        } catch (error) {
            if (seed === undefined || REPORT.test(this.server.log) || !this.server.stopped) throw error;
            this.checkExit(await this.server.ended, this.server.log);
        } finally {
            if (seed !== undefined) this.end();
        }
    }

    async loadWithout(seed) {
        const client = new Client(this.wire);
        const load = new Load(client, this.ledger, randomOf(seed), this.assistant, `s${seed}`);
        this.fault.begin(seed);
        const working = load.work(5, 3);
        let problem = null;
        // A burst may last for as long as nobody asks for memory.
        await Promise.race([working, sleep(3000)]).catch(() => {});
        this.end();
        await within(20000, 'all requests end', working).catch(error => { problem = error; });
        for (const [name, count] of Object.entries(client.counts)) this.totals[name] += count;
        await sleep(0);
        if (this.server.stopped) {
            this.checkExit(await this.server.ended, this.server.log);
            await this.start();
        }
        if (problem) throw problem;
    }

    async seed(seed) {
        if (!this.server || this.server.stopped) await (seed % 10 === 1 ? this.startWithout(seed) : this.start());
        await this.loadWithout(seed);
        await verify(this.wire, this.ledger, until);
        this.ledger.forget();
        if (seed % 10 === 0 || ++this.age === SERVER_LASTS) await this.stop(seed % 10 === 0 ? seed : undefined);
    }
}

test('a server without memory', async t => {
    const model = new SlowModel();
    await model.start(t);
    const fault = new Fault(path.join(directory(t), 'control'));
    t.after(() => fault.close());
    const bench = new Bench(t, model, fault);
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        await t.test(`seed ${seed}`, async () => {
            try {
                await bench.seed(seed);
            } catch (error) {
                fault.end();
                const { server } = bench;
                if (server && !server.stopped) await server.kill().catch(() => {});
                error.message += `\n${JSON.stringify(fault.chosen)}\n${server?.log.slice(-8000)}`;
                bench.ledger.forget();
                throw error;
            }
        });
    }
    if (bench.server && !bench.server.stopped) await bench.stop();
    t.diagnostic(JSON.stringify(bench.totals));
});

// ICU and libcrypto wait for ever or crash where their first use finds no memory.
test('a program that starts without memory ends with a line', async t => {
    const fault = new Fault(path.join(directory(t), 'control'));
    t.after(() => fault.close());
    let refused = 0;
    for (let at = 1; at < 400; at += 19) {
        fault.write([1, at, at + 3, 0, 0], 1);
        fault.write([BURST], 0);
        const { code, signal, stderr } = await run(['schema'], { timeout: 10000,
            env: { TREADLE_FAULT_CONTROL: fault.path } });
        fault.end();
        assert.equal(signal, null, `${at}: ${stderr}`);
        if (code === 0) continue;
        assert.equal(code, 1, `${at}: ${stderr}`);
        assert.match(stderr, /^treadle: .*memory/, `${at}`);
        refused++;
    }
    assert.ok(refused > 0);
});
