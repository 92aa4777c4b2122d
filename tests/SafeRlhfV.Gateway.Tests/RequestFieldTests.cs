using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Gateway.Tests;

public sealed partial class RequestFieldTests
{
    private const string Pixel =
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    // ChatCompletionCreateParamsBase of openai-node 7.57.0
    private static readonly string[] OfTheSdk =
    [
        "messages", "model", "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens",
        "metadata", "modalities", "moderation", "n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options",
        "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream",
        "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
    ];

    // ChatCompletionRequest of vLLM, beside these
    private static readonly string[] OfVllm =
    [
        "thinking_token_budget", "include_reasoning", "use_beam_search", "top_k", "min_p", "repetition_penalty", "length_penalty", "stop_token_ids",
        "include_stop_str_in_output", "ignore_eos", "min_tokens", "skip_special_tokens", "spaces_between_special_tokens", "truncate_prompt_tokens",
        "prompt_logprobs", "allowed_token_ids", "bad_words", "echo", "add_generation_prompt", "continue_final_message", "add_special_tokens", "documents",
        "chat_template", "chat_template_kwargs", "media_io_kwargs", "mm_processor_kwargs", "structured_outputs", "priority", "request_id",
        "return_tokens_as_token_ids", "return_token_ids", "return_prompt_text", "cache_salt", "kv_transfer_params", "vllm_xargs", "repetition_detection",
    ];

    [Fact]
    public void TheTableHasEveryFieldOfTheSdkAndOfVllm() => Assert.Equal([], OfTheSdk.Concat(OfVllm).Except(RequestFields.ByPath.Keys));

    [Fact]
    public async Task TheDocumentShowsTheTableOfTheCode()
    {
        string[] rows = [.. RequestFields.All.Select(Row)];
        string[] shown = [.. (await File.ReadAllLinesAsync(Path.Combine(Golden.RepositoryRoot(), "docs", "gateway-fields.md"),
            TestContext.Current.CancellationToken)).SkipWhile(line => line != "## Requests").Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.Equal(rows, shown);
    }

    [Theory]
    [InlineData("""{"model":"ours","messages":[{"role":"user","content":"hello","Content":"forbidden"}]}""", "messages[0].Content")]
    [InlineData("""{"model":"ours",MESSAGES,"Messages":[{"role":"user","content":"forbidden"}]}""", "Messages")]
    [InlineData("""
        {"model":"ours","messages":[{"role":"user","content":[{"type":"text","text":"hello",
        "Text":"forbidden"}]}]}
        """, "messages[0].content[0].Text")]
    [InlineData("""{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"PIXEL","URL":"http://else/"}}]}]}""",
        "messages[0].content[0].image_url.URL")]
    [InlineData("""{"model":"ours","Model":"both",MESSAGES}""", "Model")]
    [InlineData("""{"model":"ours",MESSAGES,"me\u017f\u017fages":[]}""", "me\u017f\u017fages")]
    [InlineData("""{"model":"ours","messages":[{"role":"user","content":[{"type":"text","text":"hello","refusal":"forbidden"}]}]}""",
        "messages[0].content[0].refusal")]
    [InlineData("""{"model":"ours","messages":[{"role":"user","content":[{"type":"text","text":"hello","image_url":{"url":"PIXEL"}}]}]}""",
        "messages[0].content[0].image_url")]
    [InlineData("""{"model":"ours","messages":[{"role":"user","content":[{"type":"image_url","uuid":"u","image_url":{"url":"PIXEL"}}]}]}""",
        "messages[0].content[0].uuid")]
    [InlineData("""{"model":"ours","models":["both"],MESSAGES}""", "models")]
    [InlineData("""{"model":"ours","prompt":"hello",MESSAGES}""", "prompt")]
    [InlineData("""{"model":"ours","store":true,MESSAGES}""", "store")]
    [InlineData("""{"model":"ours","mm_processor_kwargs":{"do_resize":false},MESSAGES}""", "mm_processor_kwargs")]
    [InlineData("""{"model":"ours","chat_template":"{{ messages }}",MESSAGES}""", "chat_template")]
    [InlineData("""{"model":"ours","tools":[{"type":"web_search"}],MESSAGES}""", "tools[0].type")]
    [InlineData("""{"model":"ours","logit_bias":{"forbidden":1},MESSAGES}""", "logit_bias")]
    [InlineData("""{"model":"ours","max_tokens":1.5,MESSAGES}""", "max_tokens")]
    [InlineData("""{"model":"ours","messages":[{"role":"user","content":"hello","images":["x"]}]}""", "messages[0].images")]
    public async Task WhatIsNotInTheTableIsRefusedByName(string body, string param)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", body.Replace("PIXEL", Pixel)
            .Replace("MESSAGES", @"""messages"":[{""role"":""user"",""content"":""hello""}]"));
        Assert.Equal((400, param), (status, answer!["error"]!["param"]?.GetValue<string>()));
        Assert.Empty(gateway.Upstream.Requests);
    }

    [Theory]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f","description":"forbidden"}}]}""")]
    [InlineData("""{"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"a":{"enum":["f\u006frbidden"]}}}}}]}""")]
    [InlineData("""{"tools":[{"type":"custom","custom":{"name":"f","format":{"grammar":{"definition":"start: 'forbidden'"}}}}]}""")]
    [InlineData("""{"functions":[{"name":"f","description":"forbidden"}]}""")]
    [InlineData("""{"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"properties":{"forbidden":{}}}}}}""")]
    [InlineData("""{"prediction":{"type":"content","content":"forbidden"}}""")]
    [InlineData("""{"documents":[{"title":"t","text":"forbidden"}]}""")]
    [InlineData("""{"chat_template_kwargs":{"note":"forbidden"}}""")]
    [InlineData("""{"stop":["forbidden"]}""")]
    [InlineData("""{"metadata":{"forbidden":"x"}}""")]
    [InlineData("""{"service_tier":"forbidden"}""")]
    [InlineData("""
        {"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f",
        "arguments":"{\"a\":\"\\u0066orbidden\"}"}}]}]}
        """)]
    [InlineData("""{"messages":[{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"\"{\\\"a\\\":\\\"\\\\u0066orbidden\\\"}\""}}]}""")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","reasoning_details":[{"text":"forbidden"}]}]}""")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","thinking_blocks":[{"thinking":"forbidden"}]}]}""")]
    [InlineData("""{"messages":[{"role":"assistant","content":"x","reasoning_content":["forbidden"]}]}""")]
    [InlineData("""{"messages":[{"role":"tool","content":"x","tool_call_id":"forbidden"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"text","text":"for"},{"type":"text","text":"bidden"}]}]}""")]
    [InlineData("""{"messages":[{"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"for"},{"type":"text","text":"bidden"}]}]}""")]
    public async Task TextBesideTheMessagesIsJudged(string more)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject body = JsonNode.Parse(more)!.AsObject();
        body["model"] = "ours";
        body["messages"] ??= new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "hello" });
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", body.ToJsonString());
        Assert.Equal(200, status);
        Assert.Equal("content_filter", answer!["choices"]![0]!["finish_reason"]!.GetValue<string>());
        Assert.Empty(gateway.Upstream.Requests);
        Assert.Equal(["PromptRefused"], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task WhatAClientSendsBackOfAnAnswerIsTaken()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, _) = await gateway.PostAsync("/v1/chat/completions",
            """
            {"model":"ours","max_tokens":3.0,"messages":[{"role":"user","content":"Hi"},
             {"role":"assistant","content":"Hello","refusal":null,"annotations":[],"audio":null,"function_call":null,"tool_calls":[],"reasoning_content":"a"},
             {"role":"user","content":"More"}]}
            """);
        Assert.Equal(200, status);
        Assert.Single(gateway.Upstream.Requests);
    }

    // A whole number is one however it is written, on each wire, and goes to the model without a fraction; another number is refused.
    [Theory]
    [InlineData("/v1/chat/completions", "max_tokens", """{"model":"ours","max_tokens":NUMBER,"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/chat/completions", "max_completion_tokens",
        """{"model":"ours","max_completion_tokens":NUMBER,"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/chat/completions", "seed", """{"model":"ours","seed":NUMBER,"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/messages", "max_tokens", """{"model":"ours","max_tokens":NUMBER,"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/responses", "max_tokens", """{"model":"ours","max_output_tokens":NUMBER,"input":"Hi"}""")]
    [InlineData("/v1/embeddings", "dimensions", """{"model":"ours","dimensions":NUMBER,"input":"Hi"}""")]
    public async Task OneRuleSaysWhatAWholeNumberIs(string path, string sentAs, string body)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (string number in (string[])["3", "3.0", "3e0"])
        {
            (int status, JsonNode? answer) = await gateway.PostAsync(path, body.Replace("NUMBER", number, StringComparison.Ordinal));
            Assert.True(status == 200, answer?.ToJsonString());
            Assert.Equal("3", gateway.Upstream.Requests.Last()[sentAs]!.ToJsonString());
        }
        foreach (string number in (string[])["3.5", "\"3\"", "1e30", "true"])
            Assert.Equal(400, (await gateway.PostAsync(path, body.Replace("NUMBER", number, StringComparison.Ordinal))).Status);
        // a whole number of more than 64 bits is told the range
        (int refused, JsonNode? fault) = await gateway.PostAsync(path, body.Replace("NUMBER", "9223372036854775808", StringComparison.Ordinal));
        Assert.Equal(400, refused);
        Assert.Contains("must be a whole number from -9223372036854775808 to 9223372036854775807.", fault!["error"]!["message"]!.GetValue<string>());
        Assert.Equal(3, gateway.Upstream.Requests.Count);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/messages")]
    [InlineData("/v1/responses")]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1/moderations")]
    public async Task JsonThatIsNestedTooDeepIsCalledSo(string path)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach (int levels in (int[])[64, 500, 100_000])
        {
            string deep = $$"""{"model":"ours","metadata":{{new string('[', levels)}}{{new string(']', levels)}}}""";
            (int status, JsonNode? answer) = await gateway.PostAsync(path, deep);
            Assert.Equal(400, status);
            Assert.Contains("nested deeper than 64 levels", answer!["error"]!["message"]!.GetValue<string>());
        }
        (_, JsonNode? broken) = await gateway.PostAsync(path, "[[[");
        Assert.Contains("not valid JSON", broken!["error"]!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task WhatAnAgentPutsIntoAPartOfItsMessageIsTakenAndNotSent()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions",
            """
            {"model":"ours","messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"text","text":"Hello","role":"assistant",
             "refusal":null,"reasoning_content":"forbidden","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]},
             {"role":"user","content":"More"}]}
            """);
        Assert.True(status == 200, answer?.ToJsonString());
        JsonObject part = (JsonObject)gateway.Upstream.Requests.Single()["messages"]![1]!["content"]![0]!;
        Assert.Equal(["type", "text", "refusal"], part.Select(member => member.Key));
    }

    [Fact]
    public async Task ThePhraseReachesTheModelFromNoLeaf()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        JsonObject whole = LargeRequest();
        (int status, JsonNode? answer) = await gateway.PostAsync("/v1/chat/completions", whole.ToJsonString());
        Assert.True(status == 200, answer?.ToJsonString());
        Assert.Single(gateway.Upstream.Requests);
        int count = JsonPlaces.Count(whole);
        Assert.InRange(count, 250, 2000);
        for (int i = 0; i < count; i++) await TryAsync(gateway, JsonPlaces.With(whole, i, "forbidden"));
        foreach (string other in JsonPlaces.OfOtherKinds(whole)) await TryAsync(gateway, other);
        string[] disguises =
        [
            "a forbidden thing", "FORBIDDEN", "f\u200borbidden", """{"a":"\u0066orbidden"}""", """["[\"\\u0066orbidden\"]"]""", "x\nforbidden",
            "ｆｏｒｂｉｄｄｅｎ",
        ];
        await Gen.Select(Gen.Int[0, count - 1], Gen.Int[0, disguises.Length - 1])
            .SampleAsync((at, which) => TryAsync(gateway, JsonPlaces.With(whole, at, disguises[which])), iter: 600, threads: 1);
    }

    internal static async Task TryAsync(RunningGateway gateway, string body, string path = "/v1/chat/completions")
    {
        gateway.Upstream.Requests.Clear();
        (int status, _) = await gateway.PostAsync(path, body);
        Assert.True(status is 200 or (>= 400 and < 500), $"{status} for {body}");
        foreach (JsonObject sent in gateway.Upstream.Requests)
        {
            string read = sent.ToJsonString();
            for (int i = 0; i < 4; i++) read = Escape().Replace(read, match => ((char)Convert.ToInt32(match.Groups[1].Value, 16)).ToString());
            string letters = new([.. read.Select(letter => letter is >= '\uFF01' and <= '\uFF5E' ? (char)(letter - 0xFEE0) : letter)
                .Where(char.IsAsciiLetter)]);
            Assert.False(letters.Contains("forbidden", StringComparison.OrdinalIgnoreCase), $"{body} reached the model.");
        }
    }

    private static JsonObject LargeRequest()
    {
        JsonObject body = JsonNode.Parse("""
            {"model":"ours","messages":[
              {"role":"system","content":"Be kind.","name":"boss","cache_control":{"type":"ephemeral"}},
              {"role":"developer","content":[{"type":"text","text":"Be brief.","prompt_cache_breakpoint":{"mode":"explicit"}}]},
              {"role":"user","name":"ann","content":[{"type":"text","text":"Look","cache_control":{"type":"ephemeral"}},
                {"type":"image_url","image_url":{"url":"PIXEL","detail":"low"}}]},
              {"role":"assistant","content":[{"type":"text","text":"I","annotations":[{"type":"url_citation","url_citation":{"title":"t","url":"u"}}]},
                {"type":"refusal","refusal":"no"},{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}],"refusal":"no","reasoning":"r",
                "reasoning_content":"r","reasoning_details":[{"type":"reasoning.text","text":"r","signature":"s"}],"thinking":"t",
                "thinking_blocks":[{"type":"thinking","thinking":"t","signature":"s"}],"annotations":[{"type":"url_citation"}],"prefix":false,"parsed":{"a":1},
                "provider_specific_fields":{"a":"b"},"extra_content":{"google":{"thought_signature":"s"}},
                "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":\"b\"}"}},
                  {"id":"2","type":"custom","custom":{"name":"g","input":"i"}}],"function_call":{"name":"f","arguments":"{}"}},
              {"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"r"}]},
              {"role":"function","name":"f","content":"r"},
              {"role":"user","content":"Go on."}],
             "tools":[{"type":"function","defer_loading":false,"cache_control":{"type":"ephemeral"},"function":{"name":"f","description":"d","strict":true,
                "parameters":{"type":"object","title":"t","required":["city"],"properties":{"city":{"type":"string","description":"d","enum":["Rome"],
              "default":"Rome"}},
                "$defs":{"x":{"const":"y","examples":["z"]}}}}},
               {"type":"custom","custom":{"name":"g","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: A"}}}}],
             "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":true,
             "functions":[{"name":"f","description":"d","parameters":{"type":"object"}}],"function_call":{"name":"f"},
             "response_format":{"type":"json_schema","json_schema":{"name":"s","description":"d","strict":true,"schema":{"type":"object",
              "properties":{"a":{"type":"string"}}}}},
             "prediction":{"type":"content","content":[{"type":"text","text":"p"}]},
             "structured_outputs":{"choice":["a"]},"guided_json":{"type":"object"},"guided_regex":"a+","guided_choice":["a"],"guided_grammar":"g",
             "guided_decoding_backend":"auto","guided_whitespace_pattern":" ","structural_tag":"{}","documents":[{"title":"t","text":"d"}],
             "chat_template_kwargs":{"enable_thinking":false,"note":"n"},"modalities":["text"],"n":1,"best_of":1,"max_tokens":9,"max_completion_tokens":9,
              "min_tokens":0,
             "temperature":0.5,"top_p":0.9,"top_k":5,"min_p":0,"typical_p":1,"frequency_penalty":0,"presence_penalty":0,"repetition_penalty":1,
             "no_repeat_ngram_size":0,"length_penalty":1,"use_beam_search":false,"early_stopping":false,"seed":1099511627776,"stop":["END"],"bad_words":["w"],
             "stop_token_ids":[1],"allowed_token_ids":[1,2],"logit_bias":{"5":-1},"include_stop_str_in_output":false,"ignore_eos":false,
             "repetition_detection":{"max_pattern_size":3},"reasoning_effort":"low","reasoning":{"effort":"low","exclude":false},
              "thinking":{"type":"enabled","budget_tokens":5},
             "enable_thinking":false,"thinking_budget":1,"thinking_token_budget":1,"include_reasoning":true,"verbosity":"low","stream":false,
             "stream_options":{"include_usage":true,"include_obfuscation":false,"continuous_usage_stats":false},"logprobs":true,"top_logprobs":1,
              "prompt_logprobs":1,
             "echo":false,"return_tokens_as_token_ids":false,"return_token_ids":false,"return_prompt_text":false,"skip_special_tokens":true,
             "spaces_between_special_tokens":true,"moderation":{"model":"m","policy":{"input":{"mode":"score"}}},"add_generation_prompt":true,
             "continue_final_message":false,"add_special_tokens":false,"truncate_prompt_tokens":100,"priority":0,"request_id":"r","cache_salt":"s",
              "store":false,
             "metadata":{"k":"v"},"user":"u","safety_identifier":"s","prompt_cache_key":"k","prompt_cache_options":{"mode":"implicit"},
             "prompt_cache_retention":"24h","service_tier":"auto"}
            """.Replace("PIXEL", Pixel))!.AsObject();
        string[] missing = [.. RequestFields.All.Where(field => field.Use != FieldUse.Refused && !field.Path.Contains('.') && !field.Path.Contains('['))
            .Select(field => field.Path).Where(name => !body.ContainsKey(name))];
        Assert.Empty(missing); // a new row of the table is tried as well
        return body;
    }

    internal static string Row(RequestField field)
    {
        string words = field.Words.Count == 0 ? "" : $" ({string.Join(", ", field.Words)}: passed)";
        return $"| `{field.Path}` | {Fate(field)}{words} | {field.Note} |";
    }

    // What becomes of a field, in the words of docs/gateway-fields.md.
    private static string Fate(RequestField field) => field.Use switch
    {
        FieldUse.Opened => field.MayBeText ? "judged, or its members" : "its members",
        FieldUse.Judged => "judged",
        FieldUse.Whole => "passed: whole number",
        FieldUse.Number => "passed: number",
        FieldUse.Flag => "passed: true or false",
        FieldUse.Stripped => "stripped",
        _ => "refused",
    };

    [GeneratedRegex(@"\\+u([0-9a-fA-F]{4})")]
    private static partial Regex Escape();
}
