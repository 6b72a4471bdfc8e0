// The file through which a test has allocations of a server refused (see allocator.c) and its clock
// jump (clock.c).
import fs from 'node:fs';
import { randomOf } from '../api/random.mjs';

const NONE = 0;
const RANDOM = 1;
const ONCE = 2;
export const BURST = 3;
const LARGE = 4;

/** Which allocations a seed refuses: sparse and dense, single ones, bursts, and large ones alone. */
function choose(random) {
    const kind = random.pick([RANDOM, RANDOM, ONCE, BURST, LARGE]);
    const at = 1 + random.below(random.pick([300, 3000, 30000]));
    switch (kind) {
    case RANDOM: return { kind, a: random.pick([20, 100, 300, 1000, 3000, 10000]), b: 0 };
    case ONCE: return { kind, a: at, b: 0 };
    case BURST: return { kind, a: at, b: at + random.below(random.pick([10, 300, 3000])) };
    default: return { kind, a: 1 + random.below(8), b: random.pick([512, 4096, 32768]) };
    }
}

export class Fault {
    constructor(path) {
        this.path = path;
        this.file = fs.openSync(path, 'w+');
        fs.writeSync(this.file, Buffer.alloc(56), 0, 56, 0);
    }

    write(values, at) {
        const bytes = Buffer.alloc(8 * values.length);
        values.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), 8 * i));
        fs.writeSync(this.file, bytes, 0, bytes.length, 8 * at);
    }

    /** From now on what the seed says. */
    begin(seed) {
        this.chosen = choose(randomOf(seed));
        this.write([seed, this.chosen.a, this.chosen.b, 0, 0], 1);
        this.write([this.chosen.kind], 0);
    }

    /** All memory is there again; gives how many allocations were asked for and refused. */
    end() {
        this.write([NONE], 0);
        const bytes = Buffer.alloc(16);
        fs.readSync(this.file, bytes, 0, 16, 32);
        return { count: Number(bytes.readBigUInt64LE(0)), refused: Number(bytes.readBigUInt64LE(8)) };
    }

    /** The time of day is that many seconds later (or earlier) than it is. */
    jump(seconds) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(seconds));
        fs.writeSync(this.file, bytes, 0, 8, 48);
    }

    close() { fs.closeSync(this.file); }
}
