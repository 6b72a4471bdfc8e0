// A model server whose answers are known beforehand: what it says follows from the tag in the last
// message of the user, so that whatever is found after a crash can be held against it.
//
// "tag=T pieces=P pause=MS calls=C": it first calls C functions, then, once it has their outputs,
// streams P pieces, MS milliseconds apart.
import http from 'node:http';

const ORDER = /tag=(\w+) pieces=(\d+) pause=(\d+) calls=(\d+)/g;

/** What a user says to have an answer of that kind. */
export const order = ({ tag, pieces, pause, calls = 0 }) =>
    `tag=${tag} pieces=${pieces} pause=${pause} calls=${calls}`;

const piece = (tag, i) => `${tag}-${i}✓ `;

/** The whole answer to an order. */
export const answerTo = ({ tag, pieces }) =>
    Array.from({ length: pieces }, (_, i) => piece(tag, i)).join('');

const callId = (tag, i) => `call_${tag}_${i}`;

const chunk = (delta, finish = null) => `data: ${JSON.stringify({ id: 'chatcmpl-x',
    object: 'chat.completion.chunk', created: 1, model: 'slow',
    choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

function* calls({ tag, calls: count }) {
    for (let index = 0; index < count; index++) {
        yield chunk({ tool_calls: [{ index, id: callId(tag, index), type: 'function',
            function: { name: 'note', arguments: '' } }] });
        for (const part of ['{"text":', `"${tag}"}`])
            yield chunk({ tool_calls: [{ index, function: { arguments: part } }] });
    }
    yield chunk({}, 'tool_calls');
}

export class SlowModel {
    said = new Map(); // by tag, how many characters of its answer were sent at most
    hurry = false; // leaves the pauses out

    *text({ tag, pieces }) {
        let length = 0;
        for (let i = 0; i < pieces; i++) {
            length += piece(tag, i).length;
            this.said.set(tag, Math.max(length, this.said.get(tag) ?? 0));
            yield chunk({ content: piece(tag, i) });
        }
        yield chunk({}, 'stop');
    }

    answer(request, response) {
        const { messages } = request;
        const said = messages.filter(message => message.role === 'user')
            .map(message => JSON.stringify(message.content)).join('\n');
        const found = [...said.matchAll(ORDER)].at(-1);
        const [tag, pieces, pause, count] = [found[1], ...found.slice(2).map(Number)];
        const wants = count && messages.at(-1).role !== 'tool';
        const parts = wants ? calls({ tag, calls: count }) : this.text({ tag, pieces });
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const next = () => {
            if (response.destroyed) return;
            const { value, done } = parts.next();
            if (done) {
                response.end('data: [DONE]\n\n');
                return;
            }
            response.write(value);
            if (pause && !this.hurry) setTimeout(next, pause);
            else setImmediate(next);
        };
        next();
    }

    async start(t) {
        const server = http.createServer((incoming, response) => {
            let text = '';
            incoming.setEncoding('utf8').on('data', part => { text += part; });
            incoming.on('end', () => {
                if (incoming.url === '/v1/models')
                    response.end(JSON.stringify({ object: 'list', data: [{ id: 'slow',
                        object: 'model', created: 1, owned_by: 'tests' }] }));
                else
                    this.answer(JSON.parse(text), response);
            });
        });
        await new Promise(done => server.listen(0, '127.0.0.1', done));
        const { port } = server.address();
        /** Gone, as if it had been killed; and back at the same address. */
        this.down = () => new Promise(done => {
            server.close(done);
            server.closeAllConnections?.();
        });
        this.up = () => new Promise(done => server.listen(port, '127.0.0.1', done));
        t.after(() => this.down());
        this.url = `http://127.0.0.1:${server.address().port}/v1`;
    }
}
