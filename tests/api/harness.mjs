// What all tests of the API share: the real server in a private place, the real SDK, raw requests.
//
// $TREADLE_BIN is the program. Every server gets a store of its own in a temporary directory and
// must end with status 0 when it is stopped: built with sanitizers, a leak or an error within it
// makes that fail.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import assert from 'node:assert/strict';
import buffer from 'node:buffer';
import { fileURLToPath } from 'node:url';

// Node 18 has the class, but not as a global, and the SDK needs it for uploads.
globalThis.File ??= buffer.File;
const { default: OpenAI } = await import('openai');
const { assertReplyFits } = await import('./schema.mjs');

export { OpenAI };
export const program = process.env.TREADLE_BIN;
if (!program) throw new Error('TREADLE_BIN must name the program to test');
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const READY = /^treadle: listening on (\S+)$/m;
const SANITIZER = /AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:/;

/** A private directory that is gone after the test. */
export function directory(t) {
    const made = fs.mkdtempSync(path.join(os.tmpdir(), 'treadle-api-'));
    t.after(() => fs.rmSync(made, { recursive: true, force: true }));
    return made;
}

/** A promise that fails when it takes longer than allowed. */
export async function within(milliseconds, what, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)),
            milliseconds);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

// Everything below a directory, as paths relative to it. Node 18's own recursion takes sockets for
// directories.
export function filesBelow(directory, below = '') {
    return fs.readdirSync(path.join(directory, below), { withFileTypes: true }).flatMap(entry => {
        const name = path.join(below, entry.name);
        return entry.isDirectory() ? [name, ...filesBelow(directory, name)] : [name];
    });
}

export const sleep = milliseconds => new Promise(done => setTimeout(done, milliseconds));

/** Waits until `probe` gives something true, and returns that. */
export async function until(what, probe, milliseconds = 30000) {
    const end = Date.now() + milliseconds;
    for (;;) {
        const found = await probe();
        if (found) return found;
        if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
        await sleep(20);
    }
}

/** What a server is started with besides what the test says: nothing of the user's own, and no
 *  weights, so that answers do not depend on whether they are there. */
function environment(extra) {
    const clean = Object.fromEntries(Object.entries(process.env)
        .filter(([name]) => !name.startsWith('TREADLE_') || name === 'TREADLE_BIN'));
    return { ...clean, TREADLE_EMBEDDING_WEIGHTS: 'none', ...extra };
}

/** A fetch that fails when a reply is not as `treadle schema` says. */
export async function checkedFetch(url, options) {
    const reply = await fetch(url, options);
    if (/^application\/json/.test(reply.headers.get('content-type') ?? ''))
        assertReplyFits((options?.method ?? 'GET').toUpperCase(), new URL(url).pathname,
            { status: reply.status, json: await reply.clone().json() });
    return reply;
}

/** Starts a server; fails when it is not ready soon or ends first. */
export async function launch({ store, program: binary = program, listen = ['127.0.0.1:0'], env = {},
    arguments: more = [] }) {
    const child = spawn(binary,
        ['serve', ...listen.flatMap(address => ['--listen', address]), '--store', store, ...more],
        { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env) });
    const server = { pid: child.pid, child, store, output: '', log: '', stopped: false };
    child.stdout.setEncoding('utf8').on('data', text => { server.output += text; });
    child.stderr.setEncoding('utf8').on('data', text => { server.log += text; });
    server.ended = once(child, 'close').then(([code, signal]) => {
        server.stopped = true;
        return { code, signal };
    });
    await until('the server is ready', () => {
        if (server.stopped) throw new Error(`the server ended: ${server.output}${server.log}`);
        return READY.test(server.output);
    }).catch(error => {
        child.kill('SIGKILL');
        throw error;
    });
    server.url = READY.exec(server.output)[1];
    server.client = new OpenAI({ apiKey: 'x', baseURL: `${server.url}/v1`, maxRetries: 0,
        fetch: checkedFetch });

    /** Stops it as an administrator would; all must have been well. */
    server.stop = async () => {
        if (!server.stopped) child.kill('SIGTERM');
        const { code, signal } = await within(30000, 'the server stops', server.ended)
            .finally(() => child.kill('SIGKILL'));
        assert.doesNotMatch(server.log, SANITIZER);
        assert.deepEqual({ code, signal }, { code: 0, signal: null }, server.log.slice(-4000));
    };
    /** Kills it without warning. */
    server.kill = async () => {
        child.kill('SIGKILL');
        await server.ended;
        assert.doesNotMatch(server.log, SANITIZER);
    };
    return server;
}

/** A server for the length of a test. */
export async function serve(t, options = {}) {
    const server = await launch({ store: path.join(directory(t), 'store'), ...options });
    t.after(() => server.stopped || server.stop());
    return server;
}

/** Runs the program to its end. */
export async function run(parameters, { env = {}, input = '', cwd, timeout = 60000, late = () => {} } = {}) {
    const child = spawn(program, parameters,
        { stdio: ['pipe', 'pipe', 'pipe'], env: environment(env), cwd });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', text => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', text => { stderr += text; });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code, signal] = await within(timeout, `treadle ${parameters[0]}`, once(child, 'close'))
        .catch(error => {
            late(child);
            throw error;
        })
        .finally(() => child.kill('SIGKILL'));
    assert.doesNotMatch(stderr, SANITIZER);
    return { code, signal, stdout, stderr };
}

/** One request as bytes; for everything that the SDK would not send. */
export function request(server, method, target, { headers = {}, body } = {}) {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
        const sent = http.request({ hostname, port, method, path: target, headers, agent: false },
            reply => {
                const parts = [];
                reply.on('data', part => parts.push(part));
                reply.on('error', reject);
                reply.on('end', () => {
                    const text = Buffer.concat(parts).toString('utf8');
                    let json;
                    try {
                        json = JSON.parse(text);
                    } catch {
                        json = undefined;
                    }
                    try {
                        if (json !== undefined)
                            assertReplyFits(method, target, { status: reply.statusCode, json });
                    } catch (error) {
                        reject(error);
                        return;
                    }
                    resolve({ status: reply.statusCode, headers: reply.headers, text, json });
                });
            });
        sent.on('error', reject);
        sent.end(body);
    });
}

/** The same with a JSON body. */
export function post(server, target, value, headers = {}) {
    const body = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);
    return request(server, 'POST', target,
        { headers: { 'content-type': 'application/json', ...headers }, body });
}

/** The reply is an error of that status with the whole envelope, whose members are as expected. */
export function assertError(reply, status, expected = {}) {
    const shown = `${reply.status} ${reply.text.slice(0, 500)}`;
    assert.equal(reply.status, status, shown);
    assert.match(reply.headers['content-type'] ?? '', /^application\/json/, shown);
    assert.deepEqual(Object.keys(reply.json ?? {}), ['error'], shown);
    const error = reply.json.error;
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'], shown);
    assert.equal(typeof error.message, 'string', shown);
    assert.ok(error.message.length > 0, shown);
    assert.equal(typeof error.type, 'string', shown);
    for (const key of ['param', 'code'])
        assert.ok(error[key] === null || (typeof error[key] === 'string' && error[key]), shown);
    for (const [key, value] of Object.entries(expected)) {
        if (value instanceof RegExp) assert.match(error[key], value, shown);
        else assert.equal(error[key], value, shown);
    }
    assert.match(reply.headers['x-request-id'] ?? '', /^req_[0-9a-f]{32}$/, shown);
}

/** The path of a manual of a Debian package, or null (and then the test must skip). */
export function manual(packageName, file) {
    try {
        return execFileSync(path.join(root, 'scripts/manual.sh'), [packageName, file],
            { encoding: 'utf8' }).trim();
    } catch {
        return null;
    }
}

export function command(name, parameters, options = {}) {
    return execFileSync(name, parameters, { encoding: 'utf8', stdio: 'pipe', ...options });
}

/** Bytes as a file to upload. */
export function upload(name, bytes) {
    return new File([bytes], name);
}
