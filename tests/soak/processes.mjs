// The processes below one, as /proc has them.
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
