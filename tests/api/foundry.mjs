// A program of Foundry's classic agents: foundry.mjs ENDPOINT KEY
import assert from 'node:assert/strict';
import { AgentsClient, RunStreamEvent, ToolUtility } from '@azure/ai-agents';

const [endpoint, key] = process.argv.slice(2);
const client = new AgentsClient(endpoint,
    { getToken: async () => ({ token: key, expiresOnTimestamp: Date.now() + 3600000 }) });

const file = await client.files.upload(Buffer.from('The pump must be serviced every 400 hours.\n'),
    'assistants', { fileName: 'pump.txt' });
const store = await client.vectorStores.createAndPoll({ fileIds: [file.id], pollingOptions: { sleepIntervalInMs: 20 } });
const tool = ToolUtility.createFileSearchTool([store.id]);
const agent = await client.createAgent('gpt-4o',
    { name: 'Ada', tools: [tool.definition], toolResources: tool.resources });
const thread = await client.threads.create();
await client.messages.create(thread.id, 'user', 'How often must the pump be serviced?');
const run = await client.runs.createAndPoll(thread.id, agent.id, { pollingOptions: { intervalInMs: 20 } });
assert.equal(run.status, 'completed');
const answers = [];
for await (const message of client.messages.list(thread.id)) answers.push(message);
assert.match(answers[0].content[0].text.value, /400 hours/);
assert.equal(answers[0].content[0].text.annotations[0].fileCitation.fileId, file.id);

const seen = [];
await client.messages.create(thread.id, 'user', 'And how often is that?');
for await (const event of await client.runs.create(thread.id, agent.id).stream()) seen.push(event.event);
assert.ok(seen.includes(RunStreamEvent.ThreadRunCompleted), seen.join());
for await (const step of client.runSteps.list(thread.id, run.id)) assert.equal(step.status, 'completed');
const threads = [];
for await (const one of client.threads.list()) threads.push(one.id);
assert.ok(threads.includes(thread.id));
await client.deleteAgent(agent.id);
await client.threads.delete(thread.id);
console.log('all is well');
