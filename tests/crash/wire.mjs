// Requests as the crash tests make them: over kept connections, and with streams whose frames are
// seen one by one, numbers included.
import http from 'node:http';

/** Thrown when a connection broke: it is not known whether the request was carried out. */
export class Broken extends Error {}

/** A frame of a stream: its number, its event's name and data. */
function parseFrame(text) {
    const frame = { number: null, name: null, data: null };
    for (const line of text.split('\n')) {
        if (line.startsWith(':')) continue;
        if (line.startsWith('id: ')) frame.number = Number(line.slice(4));
        else if (line.startsWith('event: ')) frame.name = line.slice(7);
        else if (line.startsWith('data: ')) frame.data = line.slice(6);
        else throw new Error(`no line of a stream: ${line}`);
    }
    return frame.name ? frame : null;
}

export class Wire {
    constructor(url) {
        this.url = new URL(url);
        // Far below what one address may have, or idle connections would make room for new ones.
        this.agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
    }

    send(method, path, body, headers) {
        return new Promise((resolve, reject) => {
            const broken = error => reject(new Broken(`${method} ${path}: ${error.message}`));
            const sent = http.request({ hostname: this.url.hostname, port: this.url.port,
                agent: this.agent, method, path: `/v1${path}`, headers }, resolve);
            sent.on('error', broken);
            sent.end(body);
        });
    }

    async bytes(reply) {
        const parts = [];
        try {
            for await (const part of reply) parts.push(part);
        } catch (error) {
            throw new Broken(error.message);
        }
        if (!reply.complete) throw new Broken('cut off');
        return Buffer.concat(parts);
    }

    /** A request and its whole reply; the status is as expected, or it throws. */
    async call(method, path, value, expected = 200) {
        const body = value === undefined ? undefined : JSON.stringify(value);
        const reply = await this.send(method, path, body,
            body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
                : {});
        const text = (await this.bytes(reply)).toString();
        if (reply.statusCode !== expected)
            throw new Error(`${method} ${path}: ${reply.statusCode} ${text}`);
        return JSON.parse(text);
    }

    get(path) { return this.call('GET', path); }

    post(path, value) { return this.call('POST', path, value); }

    async content(file) {
        const reply = await this.send('GET', `/files/${file}/content`);
        const bytes = await this.bytes(reply);
        if (reply.statusCode !== 200) throw new Error(`${file}: ${reply.statusCode} ${bytes}`);
        return bytes;
    }

    async upload(name, bytes) {
        const body = Buffer.concat([Buffer.from('--B\r\nContent-Disposition: form-data; '
            + 'name="purpose"\r\n\r\nassistants\r\n--B\r\nContent-Disposition: form-data; '
            + `name="file"; filename="${name}"\r\n\r\n`), bytes, Buffer.from('\r\n--B--\r\n')]);
        const reply = await this.send('POST', '/files', body,
            { 'content-type': 'multipart/form-data; boundary=B', 'content-length': body.length });
        const text = (await this.bytes(reply)).toString();
        if (reply.statusCode !== 200) throw new Error(`POST /files: ${reply.statusCode} ${text}`);
        return JSON.parse(text);
    }

    /** The frames of a stream as they come; throws when it is cut off before its end. */
    async* stream(method, path, value) {
        const body = value === undefined ? undefined : JSON.stringify(value);
        const headers = body
            ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {};
        const reply = await this.send(method, path, body,
            { 'treadle-event-ids': 'true', ...headers });
        if (reply.statusCode !== 200 || !/^text\/event-stream/.test(reply.headers['content-type']))
            throw new Error(`${method} ${path}: ${reply.statusCode} ${await this.bytes(reply)}`);
        let text = '';
        reply.setEncoding('utf8');
        try {
            for await (const part of reply) {
                text += part;
                for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
                    const frame = parseFrame(text.slice(0, end));
                    if (frame) yield frame;
                }
            }
        } catch (error) {
            if (error.code) throw new Broken(error.message);
            throw error;
        }
        if (!reply.complete) throw new Broken('cut off');
    }

    async list(path) {
        const all = [];
        for (let after = ''; ;) {
            const page = await this.get(`${path}${path.includes('?') ? '&' : '?'}limit=100${after}`);
            all.push(...page.data);
            if (!page.has_more) return all;
            after = `&after=${page.last_id}`;
        }
    }

    close() { this.agent.destroy(); }
}
