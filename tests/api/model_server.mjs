// A model server that does what the conversation tells it: a stand-in for what people run behind
// --model-url, with all its faults.
//
// The last message of the user steers it. "script:" and JSON is a list of steps, one an attempt
// (the last one stays): { status, headers, body } is a plain reply; { chunks, cut, hang, pause }
// a stream of these chunks (objects, or texts that are sent as they are), after which it may break
// the connection off or fall silent. Any other message gets a plain answer, or with file_search
// offered a search first and then an answer that cites the first passage.
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

function textOf(message) {
    if (typeof message?.content === 'string') return message.content;
    return (message?.content ?? []).map(part => part.text ?? '').join('\n');
}

function plainAnswer(request) {
    const tool = request.messages.findLast(message => message.role === 'tool');
    const offered = request.tools?.some(t => t.function.name === 'file_search');
    if (tool) {
        const marker = MARKER.exec(textOf(tool))?.[0] ?? '';
        return textChunks(['It is ', 'written', ` so.${marker}`]);
    }
    if (offered) {
        const question = textOf(request.messages.findLast(m => m.role === 'user'));
        const pieces = JSON.stringify({ queries: [question] }).match(/.{1,7}/gs);
        return [chunk({ role: 'assistant', content: null }),
            chunk({ tool_calls: [{ index: 0, id: 'call_remote', type: 'function',
                function: { name: 'file_search', arguments: '' } }] }),
            ...pieces.map(p => chunk({ tool_calls: [{ index: 0, function: { arguments: p } }] })),
            chunk({}, 'tool_calls')];
    }
    return textChunks(['Hello', ', ', 'wörld', '.']);
}

function stream(response, step, request) {
    const chunks = step.chunks ?? plainAnswer(request);
    response.writeHead(200, { 'content-type': 'text/event-stream', ...step.headers });
    const parts = chunks.map(c => (typeof c === 'string' ? c : `data: ${JSON.stringify(c)}\n\n`));
    if (request.stream_options?.include_usage && !step.noUsage && !step.cut && !step.hang)
        parts.push(`data: ${JSON.stringify({ ...chunk({}), choices: [],
            usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 } })}\n\n`);
    if (!step.cut && !step.hang && !step.noDone) parts.push('data: [DONE]\n\n');
    const next = () => {
        if (response.destroyed) return;
        if (parts.length) {
            response.write(parts.shift());
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

/** Starts one; it is closed after the test. */
export async function modelServer(t, { models = ['scripted-1', 'org/other:7b'], dead = false,
    key } = {}) {
    const requests = [];
    const attempts = new Map();
    const open = new Set();
    const server = http.createServer((incoming, response) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', piece => { text += piece; });
        incoming.on('end', () => {
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
                    created: 1700000000, owned_by: 'tests' })) });
            } else if (incoming.url === '/v1/embeddings') {
                json(200, embed(body));
            } else {
                const last = textOf(body.messages.findLast(m => m.role === 'user'));
                const script = last.startsWith('script:') ? JSON.parse(last.slice(7)) : [{}];
                const tries = attempts.get(last) ?? 0;
                attempts.set(last, tries + 1);
                const step = script[Math.min(tries, script.length - 1)];
                if (step.silent) return;
                if (step.drop) incoming.socket.destroy();
                else if (step.status) json(step.status, step.body ?? {}, step.headers);
                else stream(response, step, body);
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
    return { url: `http://127.0.0.1:${server.address().port}/v1`, requests,
        chats: () => requests.filter(r => r.url === '/v1/chat/completions') };
}

/** A message that steers the server. */
export const script = (...steps) => `script:${JSON.stringify(steps)}`;
