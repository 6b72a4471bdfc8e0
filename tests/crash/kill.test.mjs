// `kill -9` at random moments under load, 200 rounds: nothing that was acknowledged may be lost,
// no run may be active for ever, no thread may stay locked, the store must be sound.
//
// A round starts the server on a store that earlier kills have left, lets clients write to it,
// kills it, looks at the store while nobody has it open, starts the server again and holds
// everything against the ledger of what was acknowledged (load.mjs, check.mjs). Two lanes of rounds
// run side by side. What a round chooses follows from the seed, which is printed; what the machine
// makes of it does not, so a seed repeats the load and not the very moment.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { directory, launch, run, sleep, within } from '../api/harness.mjs';
import { randomOf } from '../api/random.mjs';
import { check, goOn, settle } from './check.mjs';
import { Inspector } from './inspector.mjs';
import { Ledger, Load } from './load.mjs';
import { SlowModel } from './model.mjs';
import { Wire } from './wire.mjs';

const LANES = 2;
const ROUNDS = 200 / LANES;
const SLOW_EVERY = 12; // rounds; a slow one lasts long enough for text under way to be written
const STORE_LASTS = 10; // rounds
const AUDIT_EVERY = 5; // rounds

const seed = Number(process.env.TREADLE_CRASH_SEED ?? Date.now() % 2 ** 31);

class Lane {
    constructor(t, number, model) {
        Object.assign(this, { model, base: directory(t), stores: 0,
            random: randomOf(seed + number * 7919) });
        this.inspector = new Inspector(t, path.join(this.base, 'copy'));
        t.after(() => this.server && !this.server.stopped && this.server.kill());
    }

    async start() {
        this.server = await launch({ store: this.store, arguments: ['--model-url', this.model.url] });
        this.wire = new Wire(this.server.url);
    }

    async renew() {
        if (this.server && !this.server.stopped)
            await (this.broken ? this.server.kill() : this.server.stop());
        if (this.store) fs.rmSync(this.store, { recursive: true, force: true });
        this.store = path.join(this.base, `store${this.stores++}`);
        this.ledger = new Ledger();
        this.age = 0;
        await this.start();
        const made = await this.wire.post('/assistants', { model: 'slow', tools: [{ type: 'function',
            function: { name: 'note', parameters: { type: 'object', properties: {} } } }] });
        this.assistant = made.id;
    }

    /** Loads the server and kills it; gives when. */
    async kill(load) {
        const { random, model, server, wire } = this;
        model.hurry = false;
        const working = load.work();
        working.catch(() => {}); // looked at below
        await Promise.race([working, sleep(load.slow ? 1700 + random.below(900) : 20 + random.below(280))]);
        const killedAt = Date.now();
        load.over = true;
        await server.kill();
        wire.close();
        await within(30000, 'all clients notice', working);
        return killedAt;
    }

    /** Rows, contents and indexes agree, both ways, as the kill has left them. */
    async audit() {
        const { code, stdout, stderr } = await run(['check', '--store', this.store]);
        assert.equal(code, 0, stdout + stderr);
    }

    async round(number) {
        const { random, model } = this;
        if (!this.store || this.broken || this.age === STORE_LASTS) await this.renew();
        this.broken = true;
        const load = new Load({ wire: this.wire, ledger: this.ledger, random,
            assistant: this.assistant, slow: number % SLOW_EVERY === 0 });
        const before = new Set([...this.ledger.threads, ...this.ledger.files.keys()]);
        const killedAt = await this.kill(load);
        await this.inspector.check(this.store);
        if (number % AUDIT_EVERY === 0) await this.audit();

        model.hurry = true;
        await this.start();
        load.wire = this.wire;
        await settle(this.wire);
        // What is older was held against the ledger before: some of it now, all before it is left.
        const last = ++this.age === STORE_LASTS;
        await check(this.wire, this.ledger, { said: model.said, killedAt,
            part: id => last || !before.has(id) || random.chance(0.1) });
        const threads = [...this.ledger.threads].filter(id => !before.has(id) || random.chance(0.1));
        await Promise.all(threads.map(id => goOn(this.wire, this.ledger, load, id, this.assistant)));
        await settle(this.wire);
        await check(this.wire, this.ledger, { said: model.said, killedAt, part: id => threads.includes(id) });
        this.broken = false;
    }
}

test(`kills, seed ${seed}`, { concurrency: LANES }, async t => {
    const lanes = [];
    for (let number = 0; number < LANES; number++) {
        const model = new SlowModel();
        await model.start(t);
        lanes.push(t.test(`lane ${number}`, async inner => {
            const lane = new Lane(inner, number, model);
            for (let round = 1; round <= ROUNDS; round++)
                await inner.test(`lane ${number}, round ${round}, seed ${seed}`, () => lane.round(round));
        }));
    }
    await Promise.all(lanes);
});
