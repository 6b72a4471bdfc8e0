// The processes below one, as /proc has them.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** What identifies a process for ever: its number and when it began; null when it is gone. */
function look(pid) {
    try {
        const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return { pid, state: fields[0], parent: Number(fields[1]), began: fields[19] };
    } catch {
        return null;
    }
}

export function isAlive({ pid, began }) {
    const found = look(pid);
    return found !== null && found.began === began && found.state !== 'Z';
}

/** All processes below a server: its readers and what contains them. */
export function readersOf(pid) {
    const all = fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).map(look)
        .filter(found => found);
    const below = new Set([pid]);
    for (let before = 0; before < below.size;) {
        before = below.size;
        for (const found of all) if (below.has(found.parent)) below.add(found.pid);
    }
    return all.filter(found => found.pid !== pid && below.has(found.pid));
}

/** What a process is doing: its processor time, and where its threads are, if there is a gdb. */
export function stacksOf(pid) {
    const { stdout, error } = spawnSync('gdb', ['-p', String(pid), '-batch', '-ex', 'thread apply all bt 16'],
        { encoding: 'utf8', timeout: 60000 });
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
    return `process ${pid}: state ${stat[0]}, ${stat[11]} + ${stat[12]} ticks\n${error ? '' : stdout}`;
}
