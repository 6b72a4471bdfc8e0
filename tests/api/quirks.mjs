// A model server with the habits of those that people run themselves: a small context, a vocabulary of
// its own, no tools, a model that takes its time to load, one answer at a time. It is a llama.cpp server
// where `llama` is set, as far as Treadle knows one: /v1/models, /props, /tokenize, /v1/chat/completions.
import http from 'node:http';

const textOf = message => (typeof message.content === 'string' ? message.content
    : (message.content ?? []).map(part => part.text ?? '').join('\n'));

/** Tokens as a small vocabulary makes them: of letters outside ASCII one each byte, of digits one each,
 *  of ASCII one for so many letters. */
export function smallTokens(text, letters = 3) {
    let count = 0;
    for (const piece of text.match(/[A-Za-z]+|\d|\s+|[^\x00-\x7f]|[^A-Za-z\d\s]/gu) ?? []) {
        if (/^[A-Za-z]/.test(piece)) count += Math.ceil(piece.length / letters);
        else if (/^\s/.test(piece)) count += piece === ' ' ? 0 : 1;
        else count += Buffer.byteLength(piece) > 1 ? Buffer.byteLength(piece) - 1 : 1;
    }
    return count;
}

export const promptTokens = (body, letters) => 3 + body.messages.reduce((sum, message) =>
    sum + 4 + smallTokens(textOf(message), letters), 0)
    + (body.tools ? smallTokens(JSON.stringify(body.tools), letters) : 0);

/**
 * Starts one. `answer(body, n)` gives what it says to the n-th chat: a text, or { text, calls, finish,
 * pieces, reasoning, pause }, or { status, body }.
 */
export async function quirkServer(t, options = {}) {
    const state = { context: options.context, slots: options.slots, tools: options.tools,
        loading: options.loading ?? 0, models: options.models ?? ['small'], chats: [], requests: [],
        busy: 0, mostBusy: 0, ...options };
    const sockets = new Set();
    const llama = options.llama ?? false;
    const json = (response, status, value) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
    };
    const refuse = (response, status, message, more = {}) =>
        json(response, status, { error: { code: status, message, type: 'invalid_request_error', ...more } });
    const event = (response, value) => response.write(`data: ${JSON.stringify(value)}\n\n`);

    async function chat(body, response) {
        const prompt = promptTokens(body, state.letters);
        state.chats.push({ body, prompt, response });
        if (body.tools && state.refusesTools) return refuse(response, 400, state.refusesTools);
        if (state.context && prompt > state.context) {
            if (state.overflow) return state.overflow(response, prompt, refuse);
            return refuse(response, 400, `request (${prompt} tokens) exceeds the available context size `
                + `(${state.context} tokens), try increasing it`,
            { type: 'exceed_context_size_error', n_prompt_tokens: prompt, n_ctx: state.context });
        }
        state.mostBusy = Math.max(state.mostBusy, ++state.busy);
        try {
            let said = await (state.answer ?? (() => 'I do not know.'))(body, state.chats.length - 1);
            if (typeof said === 'string') said = { text: said };
            if (said.status) return json(response, said.status, said.body);
            response.writeHead(200, { 'content-type': 'text/event-stream' });
            const chunk = (delta, finish = null) => event(response, { object: 'chat.completion.chunk',
                choices: [{ index: 0, delta, finish_reason: finish }] });
            chunk({ role: 'assistant', content: '' });
            for (const piece of said.pieces ?? said.text?.match(/.{1,5}/gsu) ?? []) {
                if (response.destroyed) return undefined;
                chunk({ content: piece });
                if (said.pause) await new Promise(done => { setTimeout(done, said.pause); });
            }
            (said.calls ?? []).forEach((call, index) => chunk({ tool_calls: [{ index, id: `c${index}`,
                type: 'function', function: { name: call.name, arguments: typeof call.arguments === 'string'
                    ? call.arguments : JSON.stringify(call.arguments) } }] }));
            chunk({}, said.finish ?? (said.calls ? 'tool_calls' : 'stop'));
            event(response, { choices: [], usage: { prompt_tokens: prompt, completion_tokens: 7,
                total_tokens: prompt + 7 } });
            response.end('data: [DONE]\n\n');
        } finally {
            state.busy--;
        }
        return undefined;
    }

    const server = http.createServer((incoming, response) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', piece => { text += piece; });
        incoming.on('end', async () => {
            const body = text ? JSON.parse(text) : undefined;
            state.requests.push({ url: incoming.url, body });
            if (state.loading > 0 && !(incoming.url === '/v1/models' && !llama)) {
                if (incoming.url === '/v1/chat/completions') state.loading--;
                refuse(response, 503, 'Loading model', { type: 'unavailable_error' });
            } else if (incoming.url === '/v1/models') {
                json(response, 200, { object: 'list', data: state.models.map(id => ({ id, object: 'model',
                    created: 1, owned_by: llama ? 'llamacpp' : 'tests',
                    ...(llama ? { meta: { n_ctx: state.context, n_ctx_train: 8192 } } : {}) })) });
            } else if (llama && incoming.url === '/props') {
                json(response, 200, { total_slots: state.slots ?? 1,
                    chat_template_caps: { supports_tools: state.tools ?? false } });
            } else if (llama && incoming.url === '/tokenize') {
                json(response, 200, { tokens: Array(smallTokens(body.content, state.letters)).fill(1) });
            } else if (incoming.url === '/v1/chat/completions') {
                await chat(body, response);
            } else {
                refuse(response, 404, 'File Not Found', { type: 'not_found_error' });
            }
        });
    });
    server.on('connection', socket => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
    });
    await new Promise(done => { server.listen(options.port ?? 0, '127.0.0.1', done); });
    const { port } = server.address();
    const close = () => {
        for (const socket of sockets) socket.destroy();
        return new Promise(done => { server.close(done); });
    };
    t.after(close);
    state.url = `http://127.0.0.1:${port}/v1`;
    state.port = port;
    state.close = close;
    return state;
}
