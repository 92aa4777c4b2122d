# Completion of safe-rlhf-v in PowerShell. Put this into $PROFILE: safe-rlhf-v completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName safe-rlhf-v, safe-rlhf-v.cmd -ScriptBlock {
    param($word, $line, $position)
    $program = $line.CommandElements[0].Extent.Text
    $text = $line.ToString()
    # the tree leaves out a blank at the end
    if ($text.Length -lt $position) { $text = $text.PadRight($position) }
    $before = 'safe-rlhf-v' + $text.Substring($program.Length, $position - $program.Length)
    # after a comma PowerShell takes for the word what follows it; the program's words are whole
    $whole = [regex]::Match($before, '\S*$').Value
    $skip = [Math]::Max(0, $whole.Length - $word.Length)
    & $program "[suggest:$($before.Length)]" $before 2>$null |
        Where-Object { $_ -notmatch '^(-\?|/\?|/h|-h)$' -and $_ -like "$whole*" } |
        ForEach-Object { [System.Management.Automation.CompletionResult]::new($_.Substring($skip), $_, 'ParameterValue', $_) }
}
