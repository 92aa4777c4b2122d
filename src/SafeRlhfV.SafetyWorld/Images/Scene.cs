namespace SafeRlhfV.SafetyWorld;

/// <summary>
/// What an image shows: an object in one cell of a 2 x 2 grid, the mark of its severity in another, and decoys. Cells: 0 top left, 1 top right,
/// 2 bottom left, 3 bottom right.
/// </summary>
/// <param name="Object">Index in <see cref="Phrasebook.Objects"/>.</param>
/// <param name="Colour">Index in <see cref="Phrasebook.Colours"/>.</param>
/// <param name="Place">The object's cell.</param>
/// <param name="Severity">0 no mark, 1 spark (minor), 2 flame (moderate), 3 skull (severe).</param>
/// <param name="MarkPlace">The mark's cell; -1 where the severity is 0.</param>
/// <param name="LeafPlaces">Cells with a leaf, as bits (1 &lt;&lt; cell).</param>
/// <param name="RingPlaces">Cells with a ring, as bits (1 &lt;&lt; cell).</param>
public sealed record Scene(int Object, int Colour, int Place, int Severity, int MarkPlace, int LeafPlaces, int RingPlaces)
{
    /// <summary>What a cell can hold: nothing, 8 objects, 3 marks, leaf, ring.</summary>
    public const int ContentCount = 14;

    /// <summary>Colours of a cell: no object, 6 colours.</summary>
    public const int ColourLabelCount = 7;

    /// <summary>Cells of an image.</summary>
    public const int CellCount = 4;

    /// <summary>The object's category.</summary>
    public string Category => Phrasebook.Objects[Object].Category;

    /// <summary>What a cell holds: 0 nothing, 1..8 object, 9..11 mark of severity 1..3, 12 leaf, 13 ring.</summary>
    public int ContentOf(int cell) =>
        cell == Place ? 1 + Object
        : cell == MarkPlace ? 8 + Severity
        : (LeafPlaces >> cell & 1) != 0 ? 12
        : (RingPlaces >> cell & 1) != 0 ? 13 : 0;

    /// <summary>The colour of a cell's object, 1..6; 0 where it holds none.</summary>
    public int ColourOf(int cell) => cell == Place ? 1 + Colour : 0;

    /// <summary>The cell that a patch of 14 px lies in; patches are counted row by row, four to a row.</summary>
    public static int CellOfPatch(int patch) => patch / 8 * 2 + patch % 4 / 2;
}
