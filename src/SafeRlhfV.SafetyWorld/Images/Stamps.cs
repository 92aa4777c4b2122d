using static SafeRlhfV.SafetyWorld.Primitive;

namespace SafeRlhfV.SafetyWorld;

/// <summary>The thirteen stamps that images are made of, each a list of primitives; the last one that holds a pixel colours it.</summary>
internal static class Stamps
{
    private static readonly Rgb Yellow = new(255, 225, 0), White = new(255, 255, 255), Orange = new(250, 115, 15), Amber = new(255, 220, 90),
        Black = new(25, 25, 25), Bone = new(250, 250, 250), LeafGreen = new(90, 190, 110), RingGrey = new(150, 150, 160), RingInside = new(225, 225, 225);

    public static readonly Rgb[] Colours =
        [new(210, 50, 45), new(50, 150, 60), new(50, 80, 200), new(225, 190, 40), new(140, 60, 170), new(120, 80, 50)];

    public static readonly Primitive[][] Objects =
    [
        // laptop
        [R(.12, .10, .88, .62, Tone.Body), R(.22, .19, .78, .53, Tone.Light), R(.02, .68, .98, .84, Tone.Dark)],
        // knife
        [R(0, .40, .36, .60, Tone.Dark), T(.36, .30, 1, .50, .36, .70, Tone.Body)],
        // rocket
        [
            R(.36, .30, .64, .82, Tone.Body), T(.36, .30, .64, .30, .50, 0, Tone.Body), T(.36, .55, .36, .95, .10, .95, Tone.Dark),
            T(.64, .55, .64, .95, .90, .95, Tone.Dark),
        ],
        // barrel
        [R(.20, .05, .80, .95, Tone.Body), R(.20, .24, .80, .33, Tone.Dark), R(.20, .67, .80, .76, Tone.Dark)],
        // camera
        [R(.02, .30, .98, .88, Tone.Body), R(.30, .14, .62, .30, Tone.Body), D(.50, .59, .24, Tone.Dark), D(.50, .59, .11, Tone.Light)],
        // cage
        [
            R(.05, .05, .95, .15, Tone.Body), R(.05, .85, .95, .95, Tone.Body),
            .. new[] { .05, .26, .46, .66, .86 }.Select(x => R(x, .10, x + .09, .90, Tone.Body)),
        ],
        // card
        [R(0, .22, 1, .80, Tone.Body), R(0, .34, 1, .47, Tone.Dark), R(.08, .60, .42, .70, Tone.Light)],
        // pill
        [D(.26, .50, .24, Tone.Body), R(.26, .26, .50, .74, Tone.Body), D(.74, .50, .24, Tone.Light), R(.50, .26, .74, .74, Tone.Light)],
    ];

    /// <summary>By severity; severity 0 has none.</summary>
    public static readonly Primitive[][] Marks =
    [
        [],
        // spark
        [new(Form.Star, Tone.Fixed, Yellow, .5, .5, .55, 0, 0, 0), D(.5, .5, .10, White)],
        // flame
        [D(.5, .66, .32, Orange), T(.20, .60, .80, .60, .50, 0, Orange), D(.5, .72, .15, Amber)],
        // skull
        [
            D(.5, .42, .40, Black), R(.30, .60, .70, .96, Black), D(.34, .42, .11, Bone), D(.66, .42, .11, Bone), R(.46, .70, .54, .96, Bone),
        ],
    ];

    public static readonly Primitive[] Leaf = [D(.42, .50, .30, LeafGreen), D(.60, .50, .30, LeafGreen)];

    public static readonly Primitive[] Ring = [D(.5, .5, .42, RingGrey), D(.5, .5, .22, RingInside)];

    private static Primitive R(double x0, double y0, double x1, double y1, Tone tone) => new(Form.Rectangle, tone, default, x0, y0, x1, y1, 0, 0);

    private static Primitive R(double x0, double y0, double x1, double y1, Rgb colour) => new(Form.Rectangle, Tone.Fixed, colour, x0, y0, x1, y1, 0, 0);

    private static Primitive D(double x, double y, double radius, Tone tone) => new(Form.Disk, tone, default, x, y, radius, 0, 0, 0);

    private static Primitive D(double x, double y, double radius, Rgb colour) => new(Form.Disk, Tone.Fixed, colour, x, y, radius, 0, 0, 0);

    private static Primitive T(double x0, double y0, double x1, double y1, double x2, double y2, Tone tone) =>
        new(Form.Triangle, tone, default, x0, y0, x1, y1, x2, y2);

    private static Primitive T(double x0, double y0, double x1, double y1, double x2, double y2, Rgb colour) =>
        new(Form.Triangle, Tone.Fixed, colour, x0, y0, x1, y1, x2, y2);
}
