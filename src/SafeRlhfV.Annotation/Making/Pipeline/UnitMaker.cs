using System.Security.Cryptography;
using System.Text;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Annotation;

/// <summary>Questions, answers and judgements of one unit. All choices depend on the seed and the unit alone, never on the order of the work.</summary>
internal sealed class UnitMaker(MakingSettings settings, ModelCaller caller, MakingCounts counts)
{
    private readonly PairJudge judge = new(settings.Judging, caller, counts);

    public async Task<UnitResult> MakeAsync(MakingUnit unit, CancellationToken cancellationToken)
    {
        UnitResult result = new();
        if (unit.Image.Read() is not { } image)
        {
            MakingCounts.Add(counts.Failures, "an image was changed while the pairs were made");
            return result;
        }
        try
        {
            IReadOnlyList<string>? questions = await AskAsync(unit, image, cancellationToken).ConfigureAwait(false);
            result.IsUnfit = questions is { Count: 0 };
            result.Questions = questions?.Count ?? 0;
            foreach (string question in questions ?? []) await AnswerAsync(unit, image, question, result, cancellationToken).ConfigureAwait(false);
        }
        catch (CallFailedException error)
        {
            MakingCounts.Add(counts.Failures, error.Message);
        }
        return result;
    }

    /// <summary>The questions; none where the image does not fit; null where no reply could be read.</summary>
    private async Task<IReadOnlyList<string>?> AskAsync(MakingUnit unit, EncodedImage image, CancellationToken cancellationToken)
    {
        for (int sample = 0; sample <= settings.Judging.Reasks; sample++)
        {
            CallReply reply = await caller.AskAsync(new(settings.Asker, "question", unit.ToString(),
                MakingPrompts.Questions(image, unit.Category, unit.Severity, settings.QuestionsPerImage),
                ChatPairwiseJudge.FormatOf(settings.Asker.Json, "questions", MakingPrompts.QuestionReply.Schema(settings.QuestionsPerImage)), sample),
                    cancellationToken)
                    .ConfigureAwait(false);
            if (JsonReply.TryRead(reply.Text, out MakingPrompts.QuestionReply? read)
                && (!read.Fits || read.Questions.Any(question => !string.IsNullOrWhiteSpace(question))))
                return read.Fits
                    ? [.. read.Questions.Select(question => question?.Trim() ?? "").Where(question => question.Length > 0).Distinct()
                        .Take(settings.QuestionsPerImage)] : [];
            MakingCounts.Add(counts.ParseFailures, "question");
        }
        MakingCounts.Add(counts.Failures, $"{settings.Asker.Name}: no reply with questions could be read");
        return null;
    }

    private async Task AnswerAsync(MakingUnit unit, EncodedImage image, string question, UnitResult result, CancellationToken cancellationToken)
    {
        string item =
            Convert.ToHexStringLower(SHA256.HashData(
                Encoding.UTF8.GetBytes($"{unit.Category}/{unit.Severity}/{Convert.ToHexString(SHA256.HashData(image.Bytes!))}/{question}")))[..16];
        RandomStream random = new(settings.Judging.Seed, $"make/{item}");
        (int, int)[] pairs = [.. Pairs(settings.Answerers.Count)];
        random.Shuffle(pairs.AsSpan());
        foreach ((int one, int other) in pairs.Take(settings.PairsPerQuestion))
        {
            (ChatModelSettings first, ChatModelSettings second) = random.Chance(0.5)
                ? (settings.Answerers[one], settings.Answerers[other])
                : (settings.Answerers[other], settings.Answerers[one]);
            try
            {
                Task<string?> asked = AnswerOfAsync(unit, image, question, first, cancellationToken), alsoAsked = AnswerOfAsync(unit, image, question, second,
                    cancellationToken);
                await Task.WhenAll(asked, alsoAsked).ConfigureAwait(false);
                if (await asked.ConfigureAwait(false) is not { } text || await alsoAsked.ConfigureAwait(false) is not { } otherText) continue;
                if (text.Trim() == otherText.Trim())
                {
                    MakingCounts.Add(counts.AnswersLeftOut, "equal to the other of its pair");
                    continue;
                }
                await JudgeAsync(unit, image, question, $"{item}-{first.Name}-{second.Name}", (text, first.Name), (otherText, second.Name), result,
                    cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (CallFailedException error)
            {
                MakingCounts.Add(counts.Failures, error.Message);
            }
        }
    }

    /// <summary>A model's answer; null where it is none that a pair can be made of.</summary>
    private async Task<string?> AnswerOfAsync(MakingUnit unit, EncodedImage image, string question, ChatModelSettings model,
        CancellationToken cancellationToken)
    {
        CallReply reply = await caller.AskAsync(new(model, "answer", unit.ToString(), MakingPrompts.Answer(image, question), null, 0), cancellationToken)
            .ConfigureAwait(false);
        string? fault = reply.Finish switch
        {
            "length" => "cut off at max_tokens",
            "content_filter" => "stopped by a filter",
            _ => string.IsNullOrWhiteSpace(reply.Text) ? "empty" : null,
        };
        if (fault is null) return reply.Text; // as the model gave it
        MakingCounts.Add(counts.AnswersLeftOut, fault);
        return null;
    }

    private async Task JudgeAsync(MakingUnit unit, EncodedImage image, string question, string item, (string Text, string From) first,
        (string Text, string From) second, UnitResult result, CancellationToken cancellationToken)
    {
        (PairJudgements judgements, bool isWhole) =
            await judge.JudgeAsync(item, image, question, first.Text, second.Text, cancellationToken).ConfigureAwait(false);
        if (judgements.Readable.Count > 0) result.Judgements.Add(judgements);
        if (!isWhole) return; // never a tie, and never half a judgement
        AnnotationRecord[] records = [.. judgements.Records(item, settings.Judging.Model.Name, unit.Category, unit.Severity)];
        result.Records.AddRange(records);
        if (judgements.Settle(first, second, settings.Judging.Agreement) is { } settled)
        {
            PreferencePair pair = new()
            {
                Question = question,
                Category = unit.Category,
                ImageSeverity = unit.Severity,
                Response1 = settled.First,
                Response2 = settled.Second,
                MoreHelpful = settled.MoreHelpful,
                Safer = settled.Safer,
            };
            result.Pairs.Add(new(unit.Image, pair, records));
        }
        else result.Contested.Add(new(question, unit.Image.Path, unit.Category, unit.Severity, first.Text, second.Text, first.From, second.From));
    }

    private static IEnumerable<(int One, int Other)> Pairs(int models)
    {
        for (int one = 0; one < models; one++)
            for (int other = one + 1; other < models; other++) yield return (one, other);
    }
}
