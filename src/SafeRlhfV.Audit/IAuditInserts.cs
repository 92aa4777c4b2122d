using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>Puts records and contents into a database, each in the way that costs it least.</summary>
internal interface IAuditInserts : IDisposable
{
    /// <summary>Where a chain ends now, within a transaction; null before the first record.</summary>
    ValueTask<AuditMark?> ReadHeadAsync(string chain, DbTransaction transaction, CancellationToken cancellationToken);

    /// <summary>Inserts links of the head's chain and what is kept of their texts and images, and moves the head to the last, within a transaction.</summary>
    Task InsertAsync(IReadOnlyList<AuditRow> rows, AuditMark head, string seal, DbTransaction transaction, CancellationToken cancellationToken);
}
