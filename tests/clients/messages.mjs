// Clients of Anthropic's Messages against a running gateway: node messages.mjs BASE-URL KEY
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { apiKey, base, check, end } from "./check.mjs";
import { aiSdk, text } from "./shared.mjs";

const client = new Anthropic({ baseURL: base, apiKey, maxRetries: 0 });
const ask = (content, more) => ({ model: "ours", max_tokens: 50, messages: [{ role: "user", content }], ...more });
const tools = [{ name: "weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }];

await check("@anthropic-ai/sdk: text", async () => {
  const whole = await client.messages.create(ask("Hello"));
  assert.equal(whole.content[0].text, text);
  assert.equal(whole.stop_reason, "end_turn");
  assert.equal(whole.usage.input_tokens, 10);
});
await check("@anthropic-ai/sdk: a bearer's key", async () => {
  const other = new Anthropic({ baseURL: base, authToken: apiKey, apiKey: null, maxRetries: 0 });
  assert.equal((await other.messages.create(ask("Hello"))).content[0].text, text);
});
await check("@anthropic-ai/sdk: stream with thinking", async () => {
  const final = await client.messages.stream(ask("think")).finalMessage();
  assert.deepEqual(final.content.map(block => block.type), ["thinking", "text"]);
  assert.equal(final.content[0].thinking, "I think about it.");
});
await check("@anthropic-ai/sdk: parallel tool calls in a stream, and their results", async () => {
  const final = await client.messages.stream(ask("What is the weather?", { tools })).finalMessage();
  const calls = final.content.filter(block => block.type === "tool_use");
  assert.deepEqual(calls.map(call => call.input.city), ["Rome", "Oslo"]);
  assert.equal(final.stop_reason, "tool_use");
  const results = calls.map(call => ({ type: "tool_result", tool_use_id: call.id, content: "sun" }));
  const next = await client.messages.create(ask("What is the weather?", {
    tools, messages: [{ role: "user", content: "What is the weather?" }, { role: "assistant", content: final.content }, { role: "user", content: results }],
  }));
  assert.match(next.content[0].text, /sunny/);
});
await check("@anthropic-ai/sdk: a refusal", async () => {
  const streamed = await client.messages.stream(ask("a forbidden thing")).finalMessage();
  for (const refused of [streamed, await client.messages.create(ask("a forbidden thing"))]) assert.equal(refused.stop_reason, "refusal");
});
await check("@anthropic-ai/sdk: tokens", async () => assert.equal((await client.messages.countTokens({ model: "ours", messages: ask("Hello").messages })).input_tokens, 10));
await check("@anthropic-ai/sdk: errors", async () => {
  await assert.rejects(client.messages.create(ask("Hello", { model: "none" })), Anthropic.NotFoundError);
  await assert.rejects(client.messages.create(ask("Hello", { mcp_servers: [{ url: "x" }] })), Anthropic.BadRequestError);
  await assert.rejects(new Anthropic({ baseURL: base, apiKey: "wrong", maxRetries: 0 }).messages.create(ask("Hello")), Anthropic.AuthenticationError);
});
await aiSdk("ai + @ai-sdk/anthropic", createAnthropic({ baseURL: `${base}/v1`, apiKey })("ours"));
end("messages");
