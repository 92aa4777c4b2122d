namespace SafeRlhfV.Data;

/// <summary>A cell that could not be read: its column, the fault's code and what is wrong.</summary>
internal sealed record CellFault(string Column, string Code, string What);
