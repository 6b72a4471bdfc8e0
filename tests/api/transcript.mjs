// Transcripts: sequences of events as readable text, to be compared with those in transcripts/.
//
// An event is its name and below it what matters of its data. Ids become step_1, times T, scores
// S, and consecutive deltas one, since how a model's words are cut is not the protocol; a delta that
// begins a call or cites stays by itself. TREADLE_TRANSCRIPTS=write writes the files instead.
import assert from 'node:assert/strict';
import fs from 'node:fs';

const ID = /\b(thread|msg|run|step|call|asst|file|vs)[_-][0-9A-Za-z]{22,32}\b/g;
const MEMBERS = {
    thread: ['id'],
    'thread.run': ['id', 'status', 'required_action', 'last_error', 'incomplete_details'],
    'thread.run.step': ['id', 'type', 'status', 'step_details', 'last_error'],
    'thread.message': ['id', 'role', 'status', 'content', 'incomplete_details'],
};
const TIMES = ['started_at', 'expires_at', 'completed_at', 'incomplete_at', 'failed_at',
    'cancelled_at', 'expired_at'];

function essence({ data }) {
    if (data.delta) {
        const { role: _, ...delta } = data.delta;
        return { id: data.id, delta };
    }
    const shown = {};
    for (const name of [...MEMBERS[data.object], ...TIMES])
        if (data[name] !== null && data[name] !== undefined) shown[name] = data[name];
    // Of what did not come to its end the tokens are an estimate.
    if (['completed', 'incomplete'].includes(data.status) && data.usage)
        shown.usage = { prompt_tokens: data.usage.prompt_tokens,
            completion_tokens: data.usage.completion_tokens };
    return shown;
}

const mark = (key, value) => {
    if (TIMES.includes(key)) return 'T';
    if (key === 'score') return 'S';
    if (key === 'message' && typeof value === 'string') return '…';
    return value;
};

/** JSON with spaces after colons and commas. */
function spaced(value) {
    return JSON.stringify(value, mark, 1).replace(/\n\s*/g, '\n').replace(/([[{])\n/g, '$1')
        .replace(/\n([\]}])/g, '$1').replace(/,\n/g, ', ');
}

/** The part of a delta that grows, where it has nothing else. */
function growing({ data: { delta } }) {
    const [part, ...more] = delta?.content ?? delta?.step_details.tool_calls ?? [];
    if (!part || more.length || part.id || part.text?.annotations?.length) return undefined;
    return part;
}

function joins(last, frame) {
    const [a, b] = [growing(last), growing(frame)];
    return a && b && last.data.id === frame.data.id && a.index === b.index && a.type === b.type;
}

function join(last, frame) {
    const [a, b] = [growing(last), growing(frame)];
    if (a.text) a.text.value += b.text.value;
    else if (a.function) a.function.arguments += b.function.arguments;
    else a.refusal += b.refusal;
}

/** Frames with consecutive deltas joined. */
export function joined(frames) {
    const out = [];
    for (const { event, data } of structuredClone(frames)) {
        const last = out.at(-1);
        if (last && joins(last, { data })) join(last, { data });
        else out.push({ event, data });
    }
    return out;
}

export function transcript(frames) {
    const labels = new Map();
    const counts = {};
    const label = (id, kind) => {
        if (!labels.has(id)) labels.set(id, `${kind}_${counts[kind] = (counts[kind] ?? 0) + 1}`);
        return labels.get(id);
    };
    return [...joined(frames).map(frame => `${frame.event}\n    ${spaced(essence(frame))}\n`), 'done\n']
        .join('').replace(ID, label);
}

/** What differs, line by line: the longest common part stays, and around it - was wanted and + came. */
function difference(wanted, got) {
    const [a, b] = [wanted.split('\n'), got.split('\n')];
    const common = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
            common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
    const lines = [];
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
        if (i < a.length && j < b.length && a[i] === b[j]) lines.push(`  ${a[i++]}`, ...(j++, []));
        else if (j < b.length && (i === a.length || common[i][j + 1] > common[i + 1][j]))
            lines.push(`+ ${b[j++]}`);
        else lines.push(`- ${a[i++]}`);
    }
    return lines.join('\n');
}

/** The frames are, event by event, those of transcripts/NAME.txt. */
export function assertTranscript(name, frames) {
    const file = new URL(`transcripts/${name}.txt`, import.meta.url);
    const got = transcript(frames);
    if (process.env.TREADLE_TRANSCRIPTS === 'write') fs.writeFileSync(file, got);
    const wanted = fs.readFileSync(file, 'utf8');
    if (got !== wanted) assert.fail(`transcripts/${name}.txt:\n${difference(wanted, got)}`);
}
