using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Audit;
using SafeRlhfV.Gateway;

namespace SafeRlhfV.Cli;

internal static class AuditForgetVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<string?> subject = new("--subject") { Description = "The person: an end user, or a caller by the name of its key." };
        Option<string?> request = new("--request") { Description = "Instead: the id of one request." };
        Option<string> by = AuditOptions.By(), reason = AuditOptions.Reason();
        Option<FileInfo?> key = AuditOptions.Key();
        Option<int> floor = new("--floor-days") { Description = "Refuse where a record is younger than so many days." };
        Option<bool> json = Output.JsonOption();
        Command command = new("forget",
            "Erase what a trail says of a person or a request; its chain stays whole. "
                + "Example: safe-rlhf-v audit forget sqlite:audit.db --subject user-17 --by ann --reason \"request of 2026-11-29\"")
        {
            trail, subject, request, by, reason, key, floor, json,
        };
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            string? person = parsed.GetValue(subject), one = parsed.GetValue(request);
            if (person is null == one is null) throw new InvalidInputException("forget needs either --subject or --request.");
            AuditErasure erasure = new(database, AuditOptions.ReadKey(parsed.GetValue(key)));
            TimeSpan? least = parsed.GetValue(floor) is > 0 and int days ? TimeSpan.FromDays(days) : null;
            AuditErasure.Result result = one is not null
                ? await erasure.ForgetRequestAsync(one, parsed.GetValue(by)!, parsed.GetValue(reason)!, least, cancellationToken)
                : await erasure.ForgetSubjectAsync(person!, parsed.GetValue(by)!, parsed.GetValue(reason)!, least, cancellationToken);
            long responses = await StoredResponsesErasure.ForgetAsync(parsed.GetValue(trail)!, one, person, cancellationToken);
            if (parsed.GetValue(json))
                Output.Json(new { result.Requests, result.Records, result.Contents, result.Kept, result.UnderWay, Responses = responses });
            else
                Output.Line(string.Create(CultureInfo.InvariantCulture,
                    $"erased {DataArguments.Count(result.Records, "record")} of {DataArguments.Count(result.Requests, "request")}, "
                    + $"and {result.Contents} texts and images")
                    + (responses == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {responses} responses that gateways kept")));
            if (result.Kept > 0)
                Output.Note($"{result.Kept} records of earlier builds cannot be erased without breaking their chain; their retention deletes them.");
            if (result.UnderWay > 0)
                Output.Note($"{DataArguments.Count(result.UnderWay, "request")} had no end on record; a gateway may answer still: repeat this afterwards.");
            return 0;
        }, cancellationToken));
        return command;
    }
}
