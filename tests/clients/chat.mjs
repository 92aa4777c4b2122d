// Clients of Chat Completions against a running gateway: node chat.mjs BASE-URL KEY
import assert from "node:assert/strict";
import OpenAI from "openai";
import { createOpenAI } from "@ai-sdk/openai";
import { setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled } from "@openai/agents";
import { ChatOpenAI } from "@langchain/openai";
import { apiKey, base, check, end } from "./check.mjs";
import { agents, aiSdk, langChain, text } from "./shared.mjs";

const client = new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0 });
const ask = (content, more) => ({ model: "ours", messages: [{ role: "user", content }], ...more });
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];

await check("openai: text", async () => {
  const whole = await client.chat.completions.create(ask("Hello"));
  assert.equal(whole.choices[0].message.content, text);
  assert.equal(whole.usage.total_tokens, 15);
});
await check("openai: stream", async () => {
  const final = await client.chat.completions.stream(ask("Hello", { stream_options: { include_usage: true } })).finalChatCompletion();
  assert.equal(final.choices[0].message.content, text);
  assert.equal(final.usage.total_tokens, 15);
});
await check("openai: parallel tool calls in a stream", async () => {
  const final = await client.chat.completions.stream(ask("What is the weather?", { tools })).finalChatCompletion();
  assert.deepEqual(final.choices[0].message.tool_calls.map(call => JSON.parse(call.function.arguments).city), ["Rome", "Oslo"]);
});
await check("openai: a refusal", async () => {
  const refused = await client.chat.completions.create(ask("a forbidden thing"));
  assert.equal(refused.choices[0].finish_reason, "content_filter");
  assert.ok(refused.choices[0].message.refusal);
});
await check("openai: verdicts in the answer, whole and streamed", async () => {
  const moderation = { model: "omni-moderation-latest", policy: { input: { mode: "block" } } };
  const whole = await client.chat.completions.create(ask("Hello", { moderation }));
  const refused = await client.chat.completions.create(ask("a forbidden thing", { moderation }));
  assert.deepEqual([whole, refused].map(answer => answer.moderation.input.results[0].flagged), [false, true]);
  assert.equal(refused.moderation.output.type, "error");
  const stream = client.chat.completions.stream(ask("Hello", { moderation }));
  let told;
  for await (const chunk of stream) told = chunk.moderation ?? told;
  assert.equal(told.output.results[0].flagged, false);
  assert.equal((await stream.finalChatCompletion()).choices[0].message.content, text);
});
await check("openai: embeddings", async () => {
  const answer = await client.embeddings.create({ model: "ours", input: ["one", "two"] });
  assert.deepEqual(answer.data.map(one => [...one.embedding]), [[1, 2], [1, 2]]);
  await assert.rejects(client.embeddings.create({ model: "ours", input: "forbidden" }), OpenAI.BadRequestError);
});
await check("openai: errors", () =>
  assert.rejects(client.chat.completions.create(ask("Hello", { model: "none" })), error => error instanceof OpenAI.NotFoundError));
await aiSdk("ai + @ai-sdk/openai", createOpenAI({ baseURL: `${base}/v1`, apiKey }).chat("ours"));
setDefaultOpenAIClient(client);
setOpenAIAPI("chat_completions");
setTracingDisabled(true);
await agents("@openai/agents");
await langChain("@langchain/openai", new ChatOpenAI({ model: "ours", apiKey, maxRetries: 0, configuration: { baseURL: `${base}/v1` } }));
end("chat");
