// What the tests of export and import share: a store with all kinds of objects, and everything that
// a client can read of a project.
import { OpenAI, request, until, upload } from './harness.mjs';

const page = async (server, target, headers) => {
    // Objects of kinds that the contract does not have are kept, so replies are not held to it.
    const reply = await fetch(
        `${server.url}${target}${target.includes('?') ? '&' : '?'}limit=100&order=asc`, { headers });
    const text = await reply.text();
    if (reply.status !== 200) throw new Error(`${target}: ${text}`);
    return JSON.parse(text).data;
};

/** Objects of all kinds in a project: a run with citations, one that waits, files of many kinds. */
export async function fill(server, project) {
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', project, maxRetries: 0 });
    const { threads } = client.beta;
    const file = await client.files.create(
        { file: upload('loom.txt', `The shuttle of ${project} carries the weft.`), purpose: 'assistants' });
    await client.files.create({ file: upload('ü "x".bin', Buffer.from([0, 1, 255])), purpose: 'vision' });
    const store = await client.vectorStores.create({ name: 'books', metadata: { a: '0.1' } });
    await client.vectorStores.files.create(store.id, { file_id: file.id, attributes: { year: 0.1 } });
    await until('the file is searchable', async () =>
        (await client.vectorStores.files.retrieve(file.id, { vector_store_id: store.id })).status
            === 'completed');
    const searcher = await client.beta.assistants.create({
        model: 'treadle', name: `searcher of ${project}`, tools: [{ type: 'file_search' }],
        tool_resources: { file_search: { vector_store_ids: [store.id] } }, temperature: 0.3 });
    const asker = await client.beta.assistants.create({
        model: 'treadle', tools: [{ type: 'function', function: { name: 'weather', parameters: {
            type: 'object', properties: { town: { type: 'string', default: 1.10 } } } } }] });
    for (let i = 0; i < 3; i++) {
        const thread = await threads.create({ metadata: { user: `u${i}` }, messages: [
            { role: 'user', content: 'What does the shuttle carry? é\u{1F600}' },
            { role: 'assistant', content: 'Let me see.' }] });
        await threads.runs.createAndPoll(thread.id, { assistant_id: searcher.id },
            { pollIntervalMs: 20 });
        await threads.messages.create(thread.id, { role: 'user', content: `More ${i}.` });
    }
    return { client, file, store, searcher, asker };
}

/** Every answer to GET of a project, with the order of its lists. */
export async function everything(server, project) {
    const headers = { 'openai-project': project };
    const all = {};
    const read = async (target, query = '') => {
        const found = await page(server, target + query, headers);
        all[target] = found;
        return found;
    };
    await read('/v1/assistants');
    for (const { id } of await read('/v1/files'))
        all[`content of ${id}`] = (await request(server, 'GET', `/v1/files/${id}/content`, { headers })).text;
    for (const { id } of await read('/v1/vector_stores')) await read(`/v1/vector_stores/${id}/files`);
    for (const { id } of await read('/v1/threads')) {
        await read(`/v1/threads/${id}/messages`);
        all[`usage of ${id}`] = (await request(server, 'GET', `/v1/threads/${id}/usage`, { headers })).json;
        for (const run of await read(`/v1/threads/${id}/runs`))
            await read(`/v1/threads/${id}/runs/${run.id}/steps`,
                '?include[]=step_details.tool_calls[*].file_search.results[*].content');
    }
    return all;
}
