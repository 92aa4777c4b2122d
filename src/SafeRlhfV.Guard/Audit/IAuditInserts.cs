using System.Data.Common;

namespace SafeRlhfV.Guard;

/// <summary>Puts records and contents into a database, each in the way that costs it least.</summary>
internal interface IAuditInserts : IDisposable
{
    /// <summary>Inserts links of the chain and what is kept of their texts and images, within a transaction.</summary>
    Task InsertAsync(IReadOnlyList<AuditRow> rows, DbTransaction transaction, CancellationToken cancellationToken);
}
