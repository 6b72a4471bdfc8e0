// Clients of Azure and Foundry: their paths, keys, deployments and tokens, by the requests that
// they send and by the official clients themselves.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { AzureOpenAI, toFile } from 'openai';
import { AssistantsClient, AzureKeyCredential } from '@azure/openai-assistants';
import { assertError, directory, launch, post, request, serve, within } from './harness.mjs';
import { bearer, makeKey } from './keyring.mjs';

const WORKSPACE = '/agents/v1.0/subscriptions/s-1/resourceGroups/rg/providers/'
    + 'Microsoft.MachineLearningServices/workspaces';

/** Every form of a prefix, with the project that it names. */
const PREFIXES = [['/openai'], ['//openai'], ['/openai/v1'], ['/openai/deployments/my%20gpt'],
    ['/api/projects/web', 'web'], ['/api/projects/web/openai/v1', 'web'],
    ['/api/projects/web/openai', 'web'], ['/api/projects/web/openai/deployments/d', 'web'],
    ['//api/projects/web', 'web'], [`${WORKSPACE}/web`, 'web'], ['/v1/deployments/d'],
    ['/openai/v1/deployments/d']];

test('prefixes', async t => {
    const server = await serve(t);
    for (const [prefix, project = 'default'] of PREFIXES)
        await t.test(prefix, async () => {
            const version = '?api-version=2024-05-01-preview';
            const made = await post(server, `${prefix}/assistants${version}`, { model: 'm' });
            assert.equal(made.status, 200, made.text);
            assert.equal(made.headers['openai-project'], project);
            assert.equal(made.headers['apim-request-id'], made.headers['x-request-id']);
            const target = `/assistants/${made.json.id}`;
            const found = await request(server, 'GET', `${prefix}${target}`,
                { headers: { 'x-ms-client-request-id': 'mine-1' } });
            assert.deepEqual(found.json, made.json);
            assert.equal(found.headers['x-ms-client-request-id'], 'mine-1');
            const native = await request(server, 'GET', `/v1${target}`,
                { headers: { 'openai-project': project } });
            assert.deepEqual(native.json, made.json);
            assert.equal(native.headers['apim-request-id'], undefined);
            assertError(await request(server, 'DELETE', `${prefix}/assistants`), 405);
            assertError(await request(server, 'GET', `${prefix}/nothing`), 404,
                { code: 'unknown_url' });
            assertError(await request(server, 'GET', prefix), 404);
            for (const own of ['/treadle/keys', '/runs', '/threads/thread_x/usage'])
                assertError(await request(server, 'GET', `${prefix}${own}`), 404,
                    { code: 'unknown_url' });
            assert.equal((await request(server, 'GET', `${prefix}/threads`)).status, 200);
        });
    for (const wrong of ['//v1/assistants', '/v1//assistants', '/openai//assistants',
        '/azure/assistants', '/api/projects//assistants', '/api/assistants',
        '/openai/deployments//assistants', '///openai/assistants', '/openai/assistants/'])
        await t.test(`not ${wrong}`, async () => assertError(await request(server, 'GET', wrong), 404));
    await t.test('the log and the metrics show operations alone', async () => {
        const metrics = (await request(server, 'GET', '/metrics')).text;
        assert.doesNotMatch(metrics + server.log, /web|my gpt|s-1|projects\//);
        assert.match(metrics, /createAssistant/);
    });
});

test('projects of paths', async t => {
    const server = await serve(t);
    const both = (name, header) => request(server, 'GET', `/api/projects/${name}/assistants`,
        { headers: { 'openai-project': header } });
    assert.equal((await both('web', 'web')).status, 200);
    assertError(await both('web', 'other'), 401, { code: 'mismatched_project' });
    for (const name of ['a%40b%40AML', 'a%2Fb', 'x'.repeat(65)])
        assertError(await request(server, 'GET', `/api/projects/${name}/assistants`), 400,
            { code: 'invalid_project' });
});

test('deployments stand for models', async t => {
    const server = await serve(t);
    const chat = (target, more) => post(server, target, { messages: [{ role: 'user', content: 'Hi' }],
        ...more });
    for (const prefix of ['/openai/deployments/my%20gpt', '/v1/deployments/my%20gpt'])
        for (const model of [{}, { model: null }, { model: 'gpt-4o' }]) {
            const said = await chat(`${prefix}/chat/completions`, model);
            assert.equal(said.status, 200, said.text);
            assert.equal(said.json.model, 'my gpt');
        }
    const vectors = await post(server, '/openai/deployments/d/embeddings', { input: 'x' });
    assert.equal(vectors.status, 200, vectors.text);
    const assistant = async value =>
        (await post(server, '/openai/deployments/d/assistants', value)).json.model;
    assert.equal(await assistant({}), 'd');
    assert.equal(await assistant({ model: null }), 'd');
    assert.equal(await assistant({ model: 'mine' }), 'mine');
    assertError(await chat('/openai/chat/completions', {}), 400, { param: 'model' });
    assertError(await post(server, '/openai/deployments/d/assistants', '[]'), 400);
    assertError(await post(server, '/openai/deployments/d/assistants', '{"a":'), 400);
});

test('keys', async t => {
    const store = path.join(directory(t), 'store');
    const { key } = await makeKey(store, 'web');
    const server = await serve(t, { store, arguments: ['--require-keys'] });
    const get = (headers, target = '/v1/assistants') => request(server, 'GET', target, { headers });
    const wrong = bearer('placeholder');
    assert.equal((await get({ 'api-key': key })).status, 200);
    assert.equal((await get({ 'api-key': key, ...wrong })).status, 200);
    assert.equal((await get({ 'api-key': '', ...bearer(key) })).status, 200);
    assert.equal((await get({ 'ocp-apim-subscription-key': key })).status, 200);
    assertError(await get({ 'api-key': 'no', ...bearer(key) }), 401, { code: 'invalid_api_key' });
    assertError(await get({ 'ocp-apim-subscription-key': key, ...wrong }), 401);
    assertError(await get({}), 401);
    assert.equal((await get({ 'api-key': key }, '/api/projects/web/assistants')).status, 200);
    assertError(await get({ 'api-key': key }, '/api/projects/other/assistants'), 401,
        { code: 'mismatched_project' });
    await t.test('a token of a managed identity is the key that was sent', async () => {
        const target = '/msi/token?api-version=2019-08-01&resource=https://ai.azure.com';
        const reply = await get({ 'x-identity-header': key }, target);
        const { expires_on: expires, ...rest } = reply.json;
        assert.deepEqual(rest, { access_token: key, resource: 'https://ai.azure.com',
            token_type: 'Bearer' });
        assert.ok(typeof expires === 'string' && Number(expires) > Date.now() / 1000 + 3600);
        assertError(await get({}, target), 400);
        assertError(await post(server, '/msi/token', {}), 405);
    });
});

test('pages may send the headers of these clients', async t => {
    const server = await serve(t, { arguments: ['--allow-origin', 'https://app.example'] });
    const reply = await request(server, 'OPTIONS', '/openai/assistants', { headers: {
        origin: 'https://app.example', 'access-control-request-method': 'GET',
        'access-control-request-headers': 'api-key' } });
    assert.match(reply.headers['access-control-allow-headers'], /\bapi-key\b/);
});

/** What a program does: an assistant with a file answers in a thread. */
async function useAssistants(client, model) {
    const file = await client.files.create({ purpose: 'assistants',
        file: await toFile(Buffer.from('The pump must be serviced every 400 hours.\n'), 'pump.txt') });
    const store = await client.vectorStores.create({ file_ids: [file.id] });
    await client.vectorStores.files.poll(store.id, file.id, { pollIntervalMs: 20 });
    const assistant = await client.beta.assistants.create({ model, tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } } });
    const thread = await client.beta.threads.create({ messages: [{ role: 'user',
        content: 'How often must the pump be serviced?' }] });
    const run = await client.beta.threads.runs.createAndPoll(thread.id,
        { assistant_id: assistant.id }, { pollIntervalMs: 20 });
    assert.equal(run.status, 'completed');
    const { data: [answer] } = await client.beta.threads.messages.list(thread.id);
    assert.match(answer.content[0].text.value, /400 hours/);
    const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id });
    assert.equal((await stream.finalRun()).status, 'completed');
    let listed = 0;
    for await (const one of client.beta.assistants.list({ limit: 1 })) listed += one.id === assistant.id;
    assert.equal(listed, 1);
}

test('the official client of OpenAI for Azure', async t => {
    const store = path.join(directory(t), 'store');
    const { key } = await makeKey(store, 'web');
    const server = await serve(t, { store, arguments: ['--require-keys'] });
    const apiVersion = '2024-05-01-preview';
    const ways = {
        'with an endpoint': { endpoint: server.url, apiKey: key },
        'with a slash at its end': { endpoint: `${server.url}/`, apiKey: key },
        'with a token': { endpoint: server.url, azureADTokenProvider: async () => key },
        'with a deployment': { endpoint: server.url, apiKey: key, deployment: 'gpt' },
        'with a base URL': { baseURL: `${server.url}/openai/v1`, apiKey: key },
    };
    for (const [name, options] of Object.entries(ways))
        await t.test(name, async () => {
            const client = new AzureOpenAI({ apiVersion, maxRetries: 0, ...options });
            await useAssistants(client, 'gpt-4o');
            const said = await client.chat.completions.create({ model: 'gpt-4o',
                messages: [{ role: 'user', content: 'Hi' }] });
            assert.ok(said.choices[0].message.content);
        });
});

test('the first client of Azure for assistants', async t => {
    const store = path.join(directory(t), 'store');
    const { key } = await makeKey(store, 'web');
    const server = await serve(t, { store, arguments: ['--require-keys'] });
    const client = new AssistantsClient(server.url, new AzureKeyCredential(key),
        { allowInsecureConnection: true });
    const assistant = await client.createAssistant({ model: 'gpt-4', name: 'Ada', tools: [] });
    const thread = await client.createThread({});
    await client.createMessage(thread.id, 'user', 'Hello?');
    let run = await client.createRun(thread.id, { assistantId: assistant.id });
    while (['queued', 'in_progress'].includes(run.status)) run = await client.getRun(thread.id, run.id);
    assert.equal(run.status, 'completed');
    const { data } = await client.listMessages(thread.id);
    assert.deepEqual(data.map(message => message.role), ['assistant', 'user']);
});

test('the official client of Foundry, over TLS', async t => {
    const home = directory(t), store = path.join(home, 'store');
    const [certificate, secret] = ['c.pem', 'k.pem'].map(name => path.join(home, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext',
        'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', secret, '-out', certificate],
    { stdio: 'pipe' });
    const { key } = await makeKey(store, 'web');
    const server = await launch({ store,
        arguments: ['--require-keys', '--tls-cert', certificate, '--tls-key', secret] });
    t.after(() => server.stop());
    // The authority has to be named before Node starts.
    const child = spawn(process.execPath,
        [fileURLToPath(new URL('foundry.mjs', import.meta.url)), `${server.url}/api/projects/web`, key],
        { env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const pipe of [child.stdout, child.stderr])
        pipe.setEncoding('utf8').on('data', text => { said += text; });
    const [code] = await within(60000, 'the client ends', once(child, 'close'));
    assert.equal(code, 0, said);
    assert.match(said, /^all is well$/m);
});
