// An OpenAI-compatible model: calls two tools when asked for the weather, gives JSON when a schema is asked for, thinks when asked to, else says that all is well.
import http from "node:http";

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

function answer(body) {
  const said = JSON.stringify(body.messages.at(-1).content ?? "");
  if (body.messages.some(message => message.role === "tool")) return { content: "It is sunny in Rome. It rains in Oslo." };
  if (body.tools && said.includes("weather")) {
    const name = body.tools.find(tool => tool.function.name.includes("weather")).function.name; // some clients put a prefix before it
    const call = (id, city) => ({ id, type: "function", function: { name, arguments: JSON.stringify({ city }) } });
    return { content: "I look.", tool_calls: [call("call_a", "Rome"), call("call_b", "Oslo")] };
  }
  if (body.tools?.some(tool => tool.function.name === "json")) // how some clients ask for JSON
    return { content: "", tool_calls: [{ id: "call_j", type: "function", function: { name: "json", arguments: '{"answer":"yes"}' } }] };
  if (body.response_format?.type === "json_schema") return { content: '{"answer":"yes"}' };
  if (said.includes("think")) return { content: "All is well.", reasoning_content: "I think about it." };
  return { content: "All is well. There is nothing else." };
}

http.createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  const body = JSON.parse(text);
  if (request.url.endsWith("/embeddings")) {
    const numbers = Buffer.from(new Float32Array([1, 2]).buffer).toString("base64");
    const data = [body.input].flat().map((_, index) => ({ object: "embedding", index, embedding: body.encoding_format === "base64" ? numbers : [1, 2] }));
    return response.end(JSON.stringify({ object: "list", data, model: body.model, usage: { prompt_tokens: 3, total_tokens: 3 } }));
  }
  const message = answer(body), finish_reason = message.tool_calls ? "tool_calls" : "stop";
  const whole = { id: "chatcmpl-1", object: "chat.completion", created: 1700000000, model: body.model };
  if (!body.stream) {
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ ...whole, choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }], usage }));
  }
  response.setHeader("content-type", "text/event-stream");
  const send = (choices, more) => response.write(`data: ${JSON.stringify({ ...whole, object: "chat.completion.chunk", choices, ...more })}\n\n`);
  const delta = (delta, finish_reason = null) => send([{ index: 0, delta, finish_reason }]);
  delta({ role: "assistant", content: "" });
  if (message.reasoning_content) delta({ reasoning_content: message.reasoning_content });
  for (const word of message.content.split(/(?<= )/)) delta({ content: word });
  (message.tool_calls ?? []).forEach((call, index) => {
    const half = call.function.arguments.length / 2;
    delta({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: "" } }] });
    delta({ tool_calls: [{ index, function: { arguments: call.function.arguments.slice(0, half) } }] });
    delta({ tool_calls: [{ index, function: { arguments: call.function.arguments.slice(half) } }] });
  });
  delta({}, finish_reason);
  send([], { usage });
  response.end("data: [DONE]\n\n");
}).listen(0, "127.0.0.1", function () { console.log(`http://127.0.0.1:${this.address().port}/v1`); });
