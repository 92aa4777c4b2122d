@echo off
rem Builds what changed (quietly), then runs the command line. The same as the script safe-rlhf-v, for Windows.
setlocal
set "root=%~dp0"
set "program=%root%artifacts\bin\SafeRlhfV.Cli\release\safe-rlhf-v.dll"
set DOTNET_CLI_TELEMETRY_OPTOUT=1
set DOTNET_NOLOGO=1
dotnet --list-sdks 2>nul | findstr /b "10." >nul
if errorlevel 1 (
  echo safe-rlhf-v: the .NET 10 SDK is missing; get it from https://dotnet.microsoft.com/download/dotnet/10.0 1>&2
  exit /b 2
)
if "%~1"=="bench" (
  echo safe-rlhf-v: bench runs on Linux and macOS alone. 1>&2
  exit /b 2
)
rem the newest source decides
powershell -NoProfile -Command "$built = Get-Item -ErrorAction SilentlyContinue $env:program; if (-not $built -or (Get-ChildItem -Recurse -File ($env:root + 'src'), ($env:root + 'build'), ($env:root + 'Directory.*') | Where-Object LastWriteTimeUtc -gt $built.LastWriteTimeUtc | Select-Object -First 1)) { exit 1 }"
if errorlevel 1 (
  echo safe-rlhf-v: building, the first time fetches some hundred MB of packages ... 1>&2
  dotnet build "%root%src\SafeRlhfV.Cli" -c Release -v q --nologo 1>&2
  if errorlevel 1 exit /b 2
  powershell -NoProfile -Command "(Get-Item $env:program).LastWriteTimeUtc = [DateTime]::UtcNow"
)
dotnet "%program%" %*
exit /b %errorlevel%
