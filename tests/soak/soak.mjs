// A soak: a mixed load for as long as one likes, while the server, its readers and its model server
// are killed, its disk is full, its clock jumps and its memory fails. After each cycle the server is
// started again and everything that it ever acknowledged is held against it.
//
// usage: soak.mjs SECONDS [SEED]          (scripts/soak.sh: `make soak SECONDS=…`)
//
// The store lies on a small tmpfs of its own, which soak.sh mounts; $TREADLE_SOAK_DISK is where. The
// status is 0 when nothing was lost and nothing stuck. The last line is a summary in JSON.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, run, sleep, until, within } from '../api/harness.mjs';
import { randomOf } from '../api/random.mjs';
import { SlowModel } from '../crash/model.mjs';
import { Wire } from '../crash/wire.mjs';
import { Fault } from '../fault/fault.mjs';
import { Client, Ledger, Load, verify } from '../fault/load.mjs';
import { readersOf, isAlive, stacksOf } from './processes.mjs';

const SECONDS = Number(process.argv[2] || 60);
const SEED = Number(process.argv[3] || Date.now() % 2 ** 31);
const disk = process.env.TREADLE_SOAK_DISK;
const LEDGER_MOST = 3000; // objects; older ones make room, after they were verified once more
const PATIENCE_MS = 60000;
const AUDIT_MS = 300000; // it reads the whole store, on a machine that may have much else to do
const SUPPRESSIONS = fileURLToPath(new URL('../fault/leaks.supp', import.meta.url));

const hooks = [];
const t = { after: hook => hooks.push(hook) };
const random = randomOf(SEED);
const figures = { seed: SEED, seconds: 0, cycles: 0, done: 0, refused: 0, broken: 0, verified: 0,
    events: {}, most_memory_mb: 0, store_mb: 0 };

class Soak {
    constructor(model) {
        this.model = model;
        this.store = path.join(disk, 'store');
        this.fault = new Fault(path.join(disk, 'control'));
        this.ledger = new Ledger();
        this.kept = new Ledger(); // of the cycles before
        this.log = '';
    }

    async start() {
        this.server = await launch({ store: this.store,
            arguments: ['--model-url', this.model.url, '--grace', '2'],
            env: { TREADLE_FAULT_CONTROL: this.fault.path,
                LSAN_OPTIONS: `suppressions=${SUPPRESSIONS}:print_suppressions=0` } });
        this.wire = new Wire(this.server.url);
        this.assistant ??= (await this.wire.post('/assistants', { model: 'slow', tools: [{
            type: 'function', function: { name: 'note', parameters: { type: 'object', properties: {} } } }] })).id;
    }

    // ---- What happens ----

    async killServer() {
        const readers = readersOf(this.server.pid);
        await this.server.kill();
        await until('no reader outlives its server', () => !readers.some(isAlive), 10000);
    }

    async stopServer() { await this.server.stop(); }

    async killReaders() {
        for (let i = 0; i < 20; i++) {
            for (const { pid } of readersOf(this.server.pid)) {
                try {
                    process.kill(pid, 'SIGKILL');
                } catch (error) {
                    if (error.code !== 'ESRCH') throw error;
                }
            }
            await sleep(50);
        }
    }

    async killModel() {
        await this.model.down();
        await sleep(300 + random.below(1500));
        await this.model.up();
    }

    async fillDisk() {
        const file = path.join(disk, 'filler');
        const out = fs.openSync(file, 'w');
        try {
            for (const size of [1 << 20, 4096]) {
                const block = Buffer.alloc(size);
                try {
                    for (;;) fs.writeSync(out, block);
                } catch (error) {
                    if (error.code !== 'ENOSPC') throw error;
                }
            }
            await sleep(300 + random.below(1500));
        } finally {
            fs.closeSync(out);
            fs.rmSync(file);
        }
    }

    async jumpClock() {
        this.fault.jump(random.pick([-86400, -3600, -61, -2, 2, 61, 3600]));
        await sleep(500 + random.below(1000));
        if (random.chance(0.5)) this.fault.jump(0);
    }

    async failMemory() {
        this.fault.begin(random.below(2 ** 31));
        await sleep(300 + random.below(700));
        this.fault.end();
    }

    async happen() {
        const events = ['killServer', 'killServer', 'killServer', 'stopServer', 'killReaders', 'killModel',
            'fillDisk', 'jumpClock', 'failMemory'];
        for (;;) {
            const event = random.pick(events);
            await sleep(random.below(1200));
            figures.events[event] = (figures.events[event] ?? 0) + 1;
            await this[event]();
            if (event === 'killServer' || event === 'stopServer' || this.server.stopped) return;
        }
    }

    // ---- Cycles ----

    measure() {
        try {
            const status = fs.readFileSync(`/proc/${this.server.pid}/status`, 'utf8');
            figures.most_memory_mb = Math.max(figures.most_memory_mb,
                Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024));
        } catch {
            // It ended meanwhile.
        }
    }

    async load(cycle) {
        const client = new Client(this.wire, [500, 502, 503, 507], true);
        const load = new Load(client, this.ledger, random, this.assistant, `c${cycle}`);
        load.over = false;
        const working = load.work(6, Infinity);
        working.catch(() => {});
        const happening = this.happen();
        await Promise.race([happening, working]);
        await happening;
        load.over = true;
        this.wire.close();
        await within(PATIENCE_MS, 'all requests end', working);
        for (const [name, count] of Object.entries(client.counts)) figures[name] += count;
        assert.doesNotMatch(this.server.log, /AddressSanitizer|runtime error:/, this.server.log.slice(-4000));
    }

    /** The newest stay, so that the check of a cycle takes a bounded time. */
    keep() {
        for (const name of ['objects', 'files', 'gone']) {
            for (const entry of this.ledger[name])
                if (name === 'gone') this.kept.gone.add(entry);
                else this.kept[name].set(...entry);
            for (const key of [...this.kept[name].keys()].slice(0, -LEDGER_MOST)) this.kept[name].delete(key);
        }
        this.ledger.forget();
    }

    async check() {
        const patient = (what, probe) => until(what, probe, PATIENCE_MS);
        for (const ledger of [this.ledger, this.kept]) {
            await verify(this.wire, ledger, patient);
            figures.verified += ledger.size;
        }
        this.keep();
        this.measure();
    }

    /** What the program itself finds, with nobody serving the store. */
    async audit() {
        const begun = Date.now();
        const { code, stdout, stderr } = await run(['check', '--store', this.store],
            { timeout: AUDIT_MS, late: child => console.log(stacksOf(child.pid)) });
        assert.equal(code, 0, `treadle check: ${stdout}${stderr}`);
        figures.longest_audit_ms = Math.max(figures.longest_audit_ms ?? 0, Date.now() - begun);
        figures.audits = (figures.audits ?? 0) + 1;
    }

    async cycle(number, audits) {
        await this.load(number);
        this.fault.end();
        this.fault.jump(0);
        await this.start();
        await this.check();
        if (!audits) return;
        await this.server.stop();
        await this.audit();
        await this.start();
    }
}

async function main() {
    const begun = Date.now();
    const model = new SlowModel();
    await model.start(t);
    const soak = new Soak(model);
    const audits = /^ {2}check /m.test((await run(['--help'])).stdout);
    console.log(`seed ${SEED}, ${audits ? 'with' : 'without'} treadle check`);
    try {
        await soak.start();
        while (Date.now() - begun < SECONDS * 1000) {
            await soak.cycle(++figures.cycles, audits);
            figures.seconds = Math.round((Date.now() - begun) / 1000);
            if (figures.cycles % 10 === 0) console.log(JSON.stringify(figures));
        }
        await soak.server.stop();
        figures.store_mb = Math.round(fs.statfsSync
            ? (s => (s.blocks - s.bfree) * s.bsize / 1e6)(fs.statfsSync(disk)) : 0);
    } catch (error) {
        console.log(soak.server?.log.slice(-8000));
        console.log(error.stack);
        process.exitCode = 1;
        if (soak.server && !soak.server.stopped) {
            if (fs.existsSync(`/proc/${soak.server.pid}`)) console.log(stacksOf(soak.server.pid));
            soak.server.child.kill('SIGKILL');
        }
    }
    for (const hook of hooks) await hook();
    figures.failed = process.exitCode === 1;
    console.log(JSON.stringify(figures));
}

await main();
