// Measures how well questions about documents are answered: `make eval`.
//
// Real manuals of Debian packages and notes of our own are put into vector stores, each into one of
// its own and all into one that they share. Every question of questions.tsv is asked of both, as a
// run of the built-in model, and what the search and the answer gave is held against the question's
// pages and the pattern of its fact. The halves are apart: tune on one, report the other.
//
// usage: eval.mjs [--half tune|report] [--only DOCUMENT] [--words] [--show] [--json FILE] [--again]
//   --words  without the sentence embedding: search goes by words alone
//   --again  asks what an earlier call has put into the store, without reading it anew
//   --show   prints every question whose answer does not state the fact, with the answer
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const program = process.env.TREADLE_BIN ?? path.join(root, 'build/treadle');
const work = path.join(root, 'build/eval');
const INCLUDE = encodeURIComponent('step_details.tool_calls[*].file_search.results[*].content');
const REFUSED = /^I found no passage/;
const UNSURE = /^No passage answers this directly\./;
const AT_ONCE = 4;

const flags = process.argv.slice(2);
const flag = name => (flags.includes(name) ? flags[flags.indexOf(name) + 1] : null);
const only = flag('--only');
const half = flag('--half');
const show = flags.includes('--show');
const again = flags.includes('--again');

function table(file) {
    const [head, ...rows] = fs.readFileSync(path.join(here, file), 'utf8').trimEnd().split('\n')
        .map(line => line.split('\t'));
    return rows.map(row => Object.fromEntries(head.map((name, i) => [name, row[i]])));
}

/** Text as facts are looked for in it: compatibility forms and lines do not matter. */
const plain = text => text.normalize('NFKC').replace(/\s+/g, ' ')
    .replace(/(?<=[\u3000-\u9fff]) (?=[\u3000-\u9fff])/g, '');

// ---- Documents ----------------------------------------------------------------------------------

function fetchDocument({ name, source }) {
    if (source.startsWith('notes/')) return path.join(here, source);
    const found = execFileSync(path.join(root, 'scripts/manual.sh'), source.split(' '),
        { encoding: 'utf8' }).trim();
    const copy = path.join(work, 'documents', name + path.extname(found.replace(/\.gz$/, '')));
    if (!fs.existsSync(copy)) {
        const bytes = fs.readFileSync(found);
        fs.writeFileSync(copy, found.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes);
    }
    return copy;
}

// ---- The server ---------------------------------------------------------------------------------

let base;

async function call(method, target, body) {
    const form = body instanceof FormData;
    const reply = await fetch(`${base}/v1${target}`, { method, body: form || !body ? body
        : JSON.stringify(body), headers: body && !form ? { 'content-type': 'application/json' } : {} });
    const json = await reply.json();
    if (!reply.ok) throw new Error(`${method} ${target}: ${reply.status} ${JSON.stringify(json)}`);
    return json;
}

async function until(probe) {
    for (let pause = 5; ; pause = Math.min(pause * 1.5, 500)) {
        const found = await probe();
        if (found) return found;
        await new Promise(done => setTimeout(done, pause));
    }
}

async function startServer(store) {
    const child = spawn(program, ['serve', '--listen', '127.0.0.1:0', '--store', store,
        ...(flags.includes('--words') ? ['--embedding-weights', 'none'] : [])],
        { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => { output += text; });
    base = await until(() => {
        if (child.exitCode !== null) throw new Error(`the server ended: ${output}`);
        return /listening on (http\S+)/.exec(output)?.[1];
    });
    return child;
}

async function upload(file) {
    const form = new FormData();
    form.append('purpose', 'assistants');
    form.append('file', new Blob([fs.readFileSync(file)]), path.basename(file));
    return (await call('POST', '/files', form)).id;
}

async function makeStore(name, files) {
    const store = await call('POST', '/vector_stores', { name, file_ids: files.slice(0, 100) });
    const done = await until(async () => {
        const now = await call('GET', `/vector_stores/${store.id}`);
        return now.status === 'completed' && now;
    });
    if (done.file_counts.failed) throw new Error(`${name}: ${done.file_counts.failed} files failed`);
    await until(async () => !/^treadle_vectors_pending [1-9]/m.test(
        await (await fetch(`${base}/metrics`)).text()));
    return call('POST', '/assistants', { name, model: 'treadle-extractive', tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
}

/** The assistants of an earlier call, and the files that they search. */
async function findStores(documents) {
    const made = (await call('GET', '/assistants?limit=100')).data;
    for (const document of documents) {
        document.assistant = made.find(assistant => assistant.name === document.name);
        const [store] = document.assistant.tool_resources.file_search.vector_store_ids;
        document.file = (await call('GET', `/vector_stores/${store}/files`)).data[0].id;
    }
    return made.find(assistant => assistant.name === 'all');
}

async function fillStores(documents) {
    const began = Date.now();
    for (const document of documents) {
        document.file = await upload(fetchDocument(document));
        document.assistant = await makeStore(document.name, [document.file]);
    }
    const one = await makeStore('all', documents.map(document => document.file));
    console.log(`${documents.length} documents read twice in ${(Date.now() - began) / 1000} s`);
    return one;
}

async function ask(assistant, question) {
    const run = await call('POST', '/threads/runs', { assistant_id: assistant.id,
        thread: { messages: [{ role: 'user', content: question }] } });
    const target = `/threads/${run.thread_id}`;
    const ended = await until(async () => {
        const now = await call('GET', `${target}/runs/${run.id}`);
        return !['queued', 'in_progress'].includes(now.status) && now;
    });
    if (ended.status !== 'completed') throw new Error(`${question}: ${JSON.stringify(ended.last_error)}`);
    const steps = await call('GET', `${target}/runs/${run.id}/steps?include[]=${INCLUDE}`);
    const results = steps.data.flatMap(step => step.step_details.tool_calls ?? [])
        .flatMap(made => made.file_search?.results ?? []);
    const { text } = (await call('GET', `${target}/messages`)).data[0].content[0];
    return { results, answer: text.value, annotations: text.annotations };
}

// ---- Judging ------------------------------------------------------------------------------------

function judge(question, { results, answer, annotations }, fileId) {
    const refused = REFUSED.test(answer);
    const confident = !refused && !UNSURE.test(answer);
    if (question.kind === 'unanswerable') return { refused, confident };
    const fact = new RegExp(question.fact, 'iu');
    const rank = results.findIndex(result => result.file_id === fileId &&
        fact.test(plain(result.content.map(part => part.text).join('\n'))));
    const stated = fact.test(plain(answer));
    const pages = question.pages.split(',').map(Number);
    const cited = annotations.some(({ file_citation: citation }) => citation.file_id === fileId &&
        (question.pages === '-' || pages.includes(citation.page)));
    return { rank: rank < 0 ? Infinity : rank, stated, cited, refused, confident,
        wrong: confident && !stated };
}

const share = (list, test) => list.length ? list.filter(test).length / list.length : NaN;
const percent = value => (Number.isNaN(value) ? '-' : `${Math.round(100 * value)}`).padStart(5);

const COLUMNS = [
    ['@1', q => q.own.rank < 1], ['@5', q => q.own.rank < 5], ['@20', q => q.own.rank < 20],
    ['one@1', q => q.all.rank < 1], ['one@5', q => q.all.rank < 5], ['one@20', q => q.all.rank < 20],
    ['fact', q => q.own.stated], ['onefact', q => q.all.stated], ['page', q => q.own.cited],
    ['sure', q => q.own.confident], ['wrong', q => q.own.wrong], ['refused', q => q.own.refused],
];

function line(label, list) {
    const answerable = list.filter(q => q.kind !== 'unanswerable');
    const cells = COLUMNS.map(([name, test]) => percent(share(answerable, test))
        .padStart(name.length + 1));
    return `${label.padEnd(16)}${String(answerable.length).padStart(4)} ${cells.join(' ')}`;
}

function report(name, list) {
    const group = (key, test = () => true) => [...new Set(list.filter(test).map(q => q[key]))].sort()
        .map(value => line(value, list.filter(q => q[key] === value && test(q))));
    const known = q => q.kind !== 'unanswerable';
    const none = list.filter(q => !known(q));
    console.log(`\n${name}: percent of questions; "one" is the store that all documents share`);
    console.log(`${''.padEnd(16)}${'n'.padStart(4)} ${COLUMNS.map(([head]) =>
        head.padStart(Math.max(5, head.length + 1))).join(' ')}`);
    console.log([line('all', list), line('manuals', list.filter(q => q.pages !== '-')),
        line('notes', list.filter(q => q.pages === '-' && known(q))),
        ...group('language', known), ...group('kind', known)].join('\n'));
    console.log(`unanswerable: ${none.length}, answered confidently ${none.filter(q =>
        q.own.confident).length} (one store ${none.filter(q => q.all.confident).length}), refused ${
        none.filter(q => q.own.refused).length}`);
}

function showCase(q) {
    const rank = q.own.rank === undefined ? '' : ` rank ${q.own.rank + 1}, one store ${q.all.rank + 1}`;
    console.log(`\n[${q.document} ${q.language} ${q.kind}]${rank}${q.own.wrong ? ' WRONG' : ''} ${
        q.question}\n  wanted: ${q.fact} (page ${q.pages})\n  ${q.answer.replace(/\n+/g, '\n  ')}`);
}

// ---- All of it ----------------------------------------------------------------------------------

async function main() {
    const questions = table('questions.tsv').filter(q => (!only || q.document === only) &&
        (!half || q.half === half));
    const documents = table('documents.tsv').filter(d => !only || d.name === only);
    fs.mkdirSync(path.join(work, 'documents'), { recursive: true });
    const store = path.join(work, 'store');
    if (!again) fs.rmSync(store, { recursive: true, force: true });
    const server = await startServer(store);
    try {
        const one = await (again ? findStores(documents) : fillStores(documents));
        const waiting = [...questions];
        const asking = async () => {
            for (let q; (q = waiting.shift());) {
                const document = documents.find(d => d.name === q.document);
                const own = await ask(document.assistant, q.question);
                const all = await ask(one, q.question);
                q.answer = own.answer;
                q.own = judge(q, own, document.file);
                q.all = judge(q, all, document.file);
            }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, asking));
    } finally {
        server.kill('SIGTERM');
    }
    for (const name of ['tune', 'report'])
        if (questions.some(q => q.half === name))
            report(name === 'tune' ? 'The half to tune on' : 'The half to report',
                questions.filter(q => q.half === name));
    if (show)
        questions.filter(q => (q.kind === 'unanswerable' ? q.own.confident : !q.own.stated))
            .forEach(showCase);
    if (flag('--json')) fs.writeFileSync(flag('--json'), JSON.stringify(questions, null, 1));
}

await main();
