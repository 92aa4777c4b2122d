using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Fills a guard's template in one pass, so that what is filled in is never taken for a mark itself.</summary>
internal static class TemplateText
{
    /// <summary>The template with the request's parts; where there is no answer, None stands for it.</summary>
    public static string Fill(string template, ModerationRequest request, string policy)
    {
        (string Mark, string Text)[] marks = [("{question}", request.Question), ("{answer}", request.Response ?? "None"), ("{policy}", policy)];
        StringBuilder filled = new(template.Length + request.Question.Length);
        for (int at = 0; at < template.Length;)
        {
            (string mark, string text) = marks.FirstOrDefault(one => template.AsSpan(at).StartsWith(one.Mark, StringComparison.Ordinal));
            if (mark is null) filled.Append(template[at++]);
            else
            {
                filled.Append(text);
                at += mark.Length;
            }
        }
        return filled.ToString();
    }
}
