// A model server that does what the conversation says: a stand-in for what people run with
// --model-url, with all its faults.
//
// The first line of the user's last message steers it (script and turns below write such messages):
// - "script:" and JSON is a list of steps, one an attempt (the last one stays).
// - "turns:" and JSON is a list of steps, one a turn of a run: the n-th is taken when n answers with
//   calls come after that message (the last one stays). A list in place of a step has one for each attempt.
// - Any other message gets a plain answer, or with file_search offered a search first and then an
//   answer that cites the first passage.
//
// A step is one of
//   { status, headers, body }  a plain reply;     { silent }, { drop }  none
//   { chunks }                 a stream of these (objects, or texts that are sent as they are)
//   { reasoning, text, refusal, calls, finish }   the same, said in words: lists of pieces, and calls
//                              as { name, arguments, id, size, fill }; arguments are a text or an
//                              object or name a city of so many letters, sent in pieces of that
//                              size, an id of null is left out
//   { quote }                  an answer that quotes what the tools gave;  { cite } one with markers
//   { huge, size }             an answer of so many characters, in pieces of that size
// and may also have { cut } (the connection breaks after it), { hang } (it sends no more), { pause
// } (milliseconds between pieces), { wait: NAME } (nothing before release(NAME)), { pack } (so many
// events at a time), { usage }, { noUsage }, { noDone }, { interleave } (the pieces of calls take
// turns). A piece { gate: NAME } within `text` holds the rest back until release(NAME).
import http from 'node:http';

const MARKER = /【[^】]+】/;

function chunk(delta, finish = null, more = {}) {
    return { id: 'chatcmpl-x', object: 'chat.completion.chunk', created: 1, model: 'scripted-1',
        choices: [{ index: 0, delta, finish_reason: finish }], ...more };
}

/** The chunks of an answer in these pieces. */
export function textChunks(pieces, finish = 'stop') {
    return [chunk({ role: 'assistant', content: '' }), ...pieces.map(p => chunk({ content: p })),
        chunk({}, finish)];
}

export { chunk };

// ---- Messages that steer ------------------------------------------------------------------------

/** What the server does, an attempt after the other. */
export const script = (...steps) => `script:${JSON.stringify(steps)}`;

/** What it does turn by turn; a list in place of a step is an attempt after the other. */
export const turns = (...steps) => `turns:${JSON.stringify(steps)}`;

export const say = (...text) => ({ text });
export const call = (name, parameters = {}, more = {}) =>
    ({ calls: [{ name, arguments: parameters, ...more }] });
export const calls = (...list) => ({ calls: list.map(([name, parameters = {}, more = {}]) =>
    ({ name, arguments: parameters, ...more })) });
export const search = (...queries) => call('file_search', { queries });
export const quote = { quote: true };
export const cite = { cite: true };
export const gate = name => ({ gate: name });

// ---- Answers ------------------------------------------------------------------------------------

function textOf(message) {
    if (typeof message?.content === 'string') return message.content;
    return (message?.content ?? []).map(part => part.text ?? '').join('\n');
}

const inPieces = (text, size) => text.match(new RegExp(`.{1,${size}}`, 'gsu')) ?? [];
const sinceQuestion = request =>
    request.messages.slice(request.messages.findLastIndex(m => m.role === 'user') + 1);

/** "name → output" of each call, in the order of the outputs. */
function quotation(request) {
    const since = sinceQuestion(request);
    const names = new Map(since.flatMap(message => message.tool_calls ?? [])
        .map(({ id, function: { name } }) => [id, name]));
    return since.filter(message => message.role === 'tool')
        .map(message => `[${names.get(message.tool_call_id)} → ${textOf(message)}]`);
}

/** Markers in pieces, one that is none, and one that names no passage. */
function citing(request) {
    const marker = MARKER.exec(textOf(request.messages.findLast(m =>
        m.role === 'tool' && MARKER.test(textOf(m)))))?.[0] ?? '';
    return ['So it ', 'is wri', 'tten.', ...inPieces(marker, 2), ' A 【no', 'te】 and', ' 【9:', '9†none',
        '】more', marker.slice(0, 3), marker.slice(3), marker];
}

function callPieces(step, turn) {
    const pieces = step.calls.map((one, index) => {
        if (one.fill) one.arguments = { city: 'x'.repeat(one.fill) };
        const text = typeof one.arguments === 'string' ? one.arguments : JSON.stringify(one.arguments);
        const id = one.id === undefined ? `call_${turn}_${index}` : one.id;
        return [
            { index, ...(id === null ? {} : { id }), type: 'function',
                function: { name: one.name, arguments: '' } },
            ...inPieces(text, one.size ?? 7).map(p => ({ index, function: { arguments: p } })),
        ];
    });
    if (!step.interleave) return pieces.flat();
    const longest = Math.max(...pieces.map(list => list.length));
    return Array.from({ length: longest }, (_, i) => pieces.flatMap(list => list.slice(i, i + 1))).flat();
}

function plainAnswer(request) {
    const tool = request.messages.findLast(message => message.role === 'tool');
    const offered = request.tools?.some(t => t.function.name === 'file_search');
    if (tool) {
        const marker = MARKER.exec(textOf(tool))?.[0] ?? '';
        return { text: ['It is ', 'written', ` so.${marker}`] };
    }
    if (offered) return search(textOf(request.messages.findLast(m => m.role === 'user')));
    return say('Hello', ', ', 'wörld', '.');
}

/** The chunks of a step; gates stand between them as they are. */
function chunksOf(step, request, turn) {
    if (step.chunks) return step.chunks;
    const said = { ...step };
    if (step.quote) said.text = quotation(request);
    if (step.cite) said.text = citing(request);
    if (step.huge) said.text = inPieces('0123456789 abcde'.repeat(step.huge / 16 + 1)
        .slice(0, step.huge), step.size ?? 1 << 14);
    if (!['text', 'calls', 'refusal', 'reasoning'].some(key => said[key]))
        Object.assign(said, plainAnswer(request));
    const chunks = [chunk({ role: 'assistant', content: said.text ? '' : null }),
        ...(said.reasoning ?? []).map(p => chunk({ reasoning_content: p })),
        ...(said.text ?? []).map(p => (p.gate ? p : chunk({ content: p }))),
        ...(said.refusal ?? []).map(p => chunk({ refusal: p })),
        ...(said.calls ? callPieces(said, turn).map(p => chunk({ tool_calls: [p] })) : [])];
    const finish = step.finish ?? (said.calls ? 'tool_calls' : 'stop');
    return step.cut || step.hang ? chunks : [...chunks, chunk({}, finish)];
}

const packed = (parts, size) => Array.from({ length: Math.ceil(parts.length / size) }, (_, i) =>
    parts.slice(i * size, (i + 1) * size).join(''));

function stream(response, step, { request, turn, opened }) {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...step.headers });
    let parts = chunksOf(step, request, turn).map(c =>
        (typeof c === 'string' || c.gate ? c : `data: ${JSON.stringify(c)}\n\n`));
    if (request.stream_options?.include_usage && !step.noUsage && !step.cut && !step.hang) {
        const usage = { prompt_tokens: 11, completion_tokens: 7, ...step.usage };
        usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
        parts.push(`data: ${JSON.stringify({ ...chunk({}), choices: [], usage })}\n\n`);
    }
    if (!step.cut && !step.hang && !step.noDone) parts.push('data: [DONE]\n\n');
    if (step.pack) parts = packed(parts, step.pack);
    const next = async () => {
        if (response.destroyed) return;
        if (parts.length) {
            const part = parts.shift();
            if (part.gate) await opened(part.gate);
            else response.write(part);
            setTimeout(next, step.pause ?? 0);
        } else if (step.cut) {
            response.destroy();
        } else if (!step.hang) {
            response.end();
        }
    };
    next();
}

function embed(request) {
    const inputs = Array.isArray(request.input) && !Number.isInteger(request.input[0])
        ? request.input : [request.input];
    const size = request.dimensions ?? 4;
    return { object: 'list', model: 'scripted-embedding',
        data: inputs.map((_, index) => ({ object: 'embedding', index,
            embedding: Array.from({ length: size }, (__, i) => (index + 1) / (i + 3)) })).reverse(),
        usage: { prompt_tokens: inputs.length, total_tokens: inputs.length } };
}

// ---- The server ---------------------------------------------------------------------------------

/** The step that a request asks for, and the number of its turn. */
function stepFor(request, attempts) {
    const last = textOf(request.messages.findLast(m => m.role === 'user'));
    const [, kind, text] = /^(script|turns):([^\n]*)/.exec(last) ?? [];
    const turn = sinceQuestion(request).filter(m => m.tool_calls?.length).length;
    let list = kind ? JSON.parse(text) : [{}];
    if (kind === 'turns') list = [list[Math.min(turn, list.length - 1)]].flat();
    const key = kind === 'turns' ? `${turn} ${last}` : last;
    const tries = attempts.get(key) ?? 0;
    attempts.set(key, tries + 1);
    return { turn, step: list[Math.min(tries, list.length - 1)] };
}

/** Doors that stay open once they were opened. */
function makeGates() {
    const gates = new Map();
    const of = name => {
        if (!gates.has(name)) {
            const made = {};
            made.opened = new Promise(resolve => { made.open = resolve; });
            gates.set(name, made);
        }
        return gates.get(name);
    };
    return { opened: name => of(name).opened, release: name => of(name).open() };
}

/** Starts one; it is closed after the test. */
export async function modelServer(t, { models = ['scripted-1', 'org/other:7b'], dead = false,
    key, context } = {}) {
    const requests = [];
    const attempts = new Map();
    const open = new Set();
    const { opened, release } = makeGates();
    const server = http.createServer((incoming, response) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', piece => { text += piece; });
        incoming.on('end', async () => {
            const body = text ? JSON.parse(text) : undefined;
            const record = { method: incoming.method, url: incoming.url, headers: incoming.headers,
                body, aborted: false };
            requests.push(record);
            response.on('close', () => { record.aborted = !response.writableFinished; });
            const json = (status, value, headers = {}) => {
                response.writeHead(status, { 'content-type': 'application/json', ...headers });
                response.end(typeof value === 'string' ? value : JSON.stringify(value));
            };
            if (dead) return;
            if (key && incoming.headers.authorization !== `Bearer ${key}`) {
                json(401, { error: { message: `Incorrect key: ${incoming.headers.authorization}` } });
            } else if (incoming.url === '/v1/models') {
                json(200, { object: 'list', data: models.map(id => ({ id, object: 'model',
                    created: 1700000000, owned_by: 'tests', context_length: context })) });
            } else if (incoming.url === '/v1/embeddings') {
                json(200, embed(body));
            } else {
                const { step, turn } = stepFor(body, attempts);
                if (step.silent) return;
                if (step.wait) await opened(step.wait);
                if (step.drop) incoming.socket.destroy();
                else if (step.status) json(step.status, step.body ?? {}, step.headers);
                else stream(response, step, { request: body, turn, opened });
            }
        });
    });
    server.on('connection', socket => {
        open.add(socket);
        socket.on('close', () => open.delete(socket));
    });
    await new Promise(done => server.listen(0, '127.0.0.1', done));
    t.after(() => {
        for (const socket of open) socket.destroy();
        server.close();
    });
    return { url: `http://127.0.0.1:${server.address().port}/v1`, requests, release,
        chats: () => requests.filter(r => r.url === '/v1/chat/completions') };
}
