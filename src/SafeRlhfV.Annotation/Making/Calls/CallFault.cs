using System.ClientModel;
using System.ClientModel.Primitives;

namespace SafeRlhfV.Annotation;

/// <summary>What an exception of OpenAI's client means.</summary>
internal static class CallFault
{
    public static ServiceFault Of(Exception error, DateTimeOffset now)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
            if (inner is ClientResultException { Status: > 0 } answered)
            {
                PipelineResponse? response = answered.GetRawResponse();
                TimeSpan? wait = ServiceFault.WaitOf(name => response is not null && response.Headers.TryGetValue(name, out string? value) ? value : null, now);
                return ServiceFault.OfStatus(answered.Status, ServiceFault.OneLine(answered.Message), wait);
            }
        return ServiceFault.OfException(error);
    }
}
